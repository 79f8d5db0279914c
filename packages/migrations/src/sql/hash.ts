import { createHash } from 'node:crypto';
import { foldCase } from './identifier.ts';
import type { Token } from './lexer.ts';
import { escapeLiteralText } from './literal.ts';
import type { Statement } from './split.ts';

/**
 * A fingerprint of what a statement says: comments, white space and the case of unquoted words,
 * numbers and literal prefixes (`E'…'`) do not count, literals do, comments inside a literal (a
 * function's body) included.
 */
export function hashStatement(statement: Statement): string {
  const known = hashes.get(statement);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  // In one piece where it is not huge: each update costs as much as the hashing of 1 kB.
  for (let at = 0; at < statement.tokens.length; at += TOKENS_AT_ONCE) {
    const words = statement.tokens.slice(at, at + TOKENS_AT_ONCE).map(canonical);
    hash.update(words.map((word) => `${word.length}:${word}`).join(''));
  }
  const digest = hash.digest('hex');
  hashes.set(statement, digest);
  return digest;
}

const TOKENS_AT_ONCE = 1_000;
/** A statement counts for its file and for its step. */
const hashes = new WeakMap<Statement, string>();

/** One fingerprint for several, in their order and with their grouping. */
export function hashGroups(groups: readonly (readonly string[])[]): string {
  return createHash('sha256')
    .update(groups.map((group) => group.join(',')).join(';'))
    .digest('hex');
}

/** What of a token counts in a fingerprint. */
export function canonical({ kind, text }: Token): string {
  if (kind === 'word' || kind === 'number') return foldCase(text);
  if (kind !== 'string' && kind !== 'quoted') return text;
  if (/^e'/i.test(text)) return `e'${escapeLiteralText(text)}'`;
  return text.replace(/^[A-Za-z]+&?(?=['"])/, foldCase);
}
