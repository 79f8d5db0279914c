import type { FileProblem } from '../errors.ts';

/** What is wrong, and what to do about it. */
export interface Complaint {
  readonly message: string;
  readonly hint: string;
}

/** Something wrong with a file as a whole. */
export function problemOf(file: string, { message, hint }: Complaint): FileProblem {
  return { file, line: undefined, column: undefined, message, hint };
}
