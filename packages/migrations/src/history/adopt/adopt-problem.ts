import type { AdoptProblem } from '../../errors.ts';
import type { Complaint } from '../../sources/problem.ts';

/** Makes a problem of what is known; what is left out is not known. */
export function adoptProblem(
  kind: AdoptProblem['kind'],
  { message, hint }: Complaint,
  place: Partial<Pick<AdoptProblem, 'row' | 'file' | 'line' | 'column'>> = {},
): AdoptProblem {
  const { row, file, line, column } = place;
  return { kind, row, file, line, column, message, hint };
}

/** A migration that the tool holds for failed or unfinished. */
export function unfinished(row: string, message: string, hint: string): AdoptProblem {
  return adoptProblem('unfinished', { message, hint }, { row });
}
