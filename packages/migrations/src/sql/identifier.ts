import type { Token } from './lexer.ts';
import { quoteIdentifier } from './quote.ts';

/** Only A to Z, as PostgreSQL folds identifiers in UTF-8. */
export function foldCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** An identifier's real name. Undefined for anything else, and for the `U&"…"` form. */
export function identifierName(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return foldCase(token.text);
  if (token?.kind !== 'quoted' || token.isOpen || !token.text.startsWith('"')) return undefined;
  return token.text.slice(1, -1).replaceAll('""', '"');
}

/** A name with or without schema, and the index of the token after it. */
export interface QualifiedName {
  /** Parts folded, joined by dots, quoted only where they have to be: one text for one name. */
  readonly name: string;
  readonly end: number;
}

/** The name that begins at the token `at`. */
export function readQualifiedName(tokens: readonly Token[], at: number): QualifiedName | undefined {
  const parts: string[] = [];
  for (let next = at; ; next += 2) {
    const part = identifierName(tokens[next]);
    if (part === undefined) return undefined;
    parts.push(/^[a-z_][a-z\d_]*$/.test(part) ? part : quoteIdentifier(part));
    if (tokens[next + 1]?.text !== '.') return { name: parts.join('.'), end: next + 1 };
  }
}
