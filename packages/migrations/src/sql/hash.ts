import { createHash } from 'node:crypto';
import type { Statement } from './split.ts';

/**
 * A fingerprint of what a statement says: comments, white space and the case of unquoted words do
 * not count, literals do, comments inside a literal (a function's body) included.
 */
export function hashStatement(statement: Statement): string {
  const hash = createHash('sha256');
  for (const { kind, text } of statement.tokens) {
    const word = kind === 'word' ? foldCase(text) : text;
    hash.update(`${word.length}:${word}`);
  }
  return hash.digest('hex');
}

/** One fingerprint for several, in their order and with their grouping. */
export function hashGroups(groups: readonly (readonly string[])[]): string {
  return createHash('sha256')
    .update(groups.map((hashes) => hashes.join(',')).join(';'))
    .digest('hex');
}

/** Only A to Z, as PostgreSQL folds identifiers in UTF-8. */
export function foldCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
