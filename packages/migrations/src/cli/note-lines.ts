import { type Line, styled } from './line.ts';

/** What is worth knowing and no trouble. */
export function noteLines(
  notes: readonly (string | { readonly message: string })[],
): readonly Line[] {
  return notes.map((note) => {
    const text = typeof note === 'string' ? note : note.message;
    return ['  ', styled('cyan', 'note'), `  ${text}`];
  });
}
