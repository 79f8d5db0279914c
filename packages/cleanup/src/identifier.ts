/** PostgreSQL cuts a longer name off without an error, so it could name another table. */
const NAME_MAX_BYTES = 63;

/** The one place where a name becomes SQL. The name is taken literally: no case folding. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new TypeError(`identifier: expected a name, got ${JSON.stringify(name)}`);
  }
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) {
    throw new TypeError(
      `identifier: expected at most ${NAME_MAX_BYTES} bytes, got ${Buffer.byteLength(name)}: ${JSON.stringify(name)}`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Splits `schema.table` at its dots. A part in double quotes may hold dots itself, and a quote
 * written twice: `"odd.schema"."say ""hi"""`.
 *
 * @throws TypeError when a part is empty, too long, or a quote is not closed.
 */
export function parseIdentifierPath(path: string): readonly string[] {
  const parts: string[] = [];
  const part = /(?:"((?:[^"]|"")*)"|([^".]+))(\.|$)/y;
  for (;;) {
    const match = part.exec(path);
    if (!match) {
      throw new TypeError(
        `identifier: expected a name such as 'table', 'schema.table' or '"odd.name"', got ${JSON.stringify(path)}`,
      );
    }
    const name = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    quoteIdentifier(name);
    parts.push(name);
    if (match[3] === '') return parts;
  }
}

/** `schema.table` as SQL, every part quoted. */
export function quoteIdentifierPath(path: string): string {
  return parseIdentifierPath(path).map(quoteIdentifier).join('.');
}
