/** PostgreSQL cuts a longer name off without an error, so it could name another table. */
const NAME_MAX_BYTES = 63;

/** The one place where a name becomes SQL. The name is taken literally: no case folding. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Splits `schema.table.column` at its dots. A part in double quotes may hold dots itself, and a
 * quote written twice. Undefined when a part is empty, too long, or a quote is not closed.
 */
export function partsOf(path: string): readonly string[] | undefined {
  const parts: string[] = [];
  const part = /(?:"((?:[^"\0]|"")+)"|([^".,\s\0]+))(\.|$)/y;
  while (part.lastIndex < path.length || parts.length === 0) {
    const match = part.exec(path);
    if (match === null) return undefined;
    const name = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    if (Buffer.byteLength(name) > NAME_MAX_BYTES) return undefined;
    parts.push(name);
    if (match[3] === '') return parts;
  }
  return undefined; // ends in a dot
}

/** Columns of a table, in an order that means something. */
export interface ColumnList {
  /** Table, with its schema where one was given; quoted. */
  readonly table: string;
  readonly columns: readonly string[];
}

/** Reads `table.column` or `schema.table.first,second`. Undefined when it is neither. */
export function columnListOf(text: string): ColumnList | undefined {
  const [first = '', ...rest] = text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  const path = partsOf(first.trim());
  if (path === undefined || path.length < 2 || path.length > 3) return undefined;
  const others = rest.map((column) => partsOf(column.trim()));
  if (others.some((parts) => parts?.length !== 1)) return undefined;
  const columns = [path.at(-1) as string, ...others.map((parts) => parts?.[0] as string)];
  return { table: path.slice(0, -1).map(quoteIdentifier).join('.'), columns };
}
