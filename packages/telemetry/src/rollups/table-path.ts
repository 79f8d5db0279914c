import { quoteIdentifier } from '../postgres/identifier.ts';

const PART = /(?:"((?:[^"\0]|"")+)"|([^".\0]+))(\.|$)/y;

/**
 * Splits `schema.table` at its dots; a part in double quotes may hold dots, and a quote written
 * twice. Null when it is not one or two names of 1 to 63 bytes.
 */
export function parseTablePath(path: string): readonly string[] | null {
  const parts: string[] = [];
  PART.lastIndex = 0;
  for (;;) {
    const match = PART.exec(path);
    if (match === null) return null;
    const name = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    if (Buffer.byteLength(name) > 63) return null;
    parts.push(name);
    if (match[3] === '') return parts.length <= 2 ? parts : null;
  }
}

/** As it stands in a statement. The path has been parsed once before. */
export function quoteTablePath(path: string): string {
  return (parseTablePath(path) ?? [path]).map(quoteIdentifier).join('.');
}
