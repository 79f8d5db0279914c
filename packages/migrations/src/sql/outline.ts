import { foldCase } from './identifier.ts';
import type { Token } from './lexer.ts';

/** Enough to see what a statement is; a bulk insert has millions. */
const TOKENS_READ = 400;

/**
 * The beginning of a statement, to be matched by patterns: tokens in lower case with one space
 * between; every quoted name is `"`, every literal `'`. Cut after 400 tokens.
 */
export function outline(tokens: readonly Token[]): string {
  return tokens
    .slice(0, TOKENS_READ)
    .map(({ kind, text }) => (kind === 'string' ? "'" : kind === 'quoted' ? '"' : foldCase(text)))
    .join(' ');
}

/** The beginning of a statement, token by token in lower case, names and literals without quotes. */
export function plainWords(tokens: readonly Token[]): string[] {
  return tokens
    .slice(0, TOKENS_READ)
    .map(({ text }) => foldCase(text).replaceAll(/^['"]|['"]$/g, ''));
}
