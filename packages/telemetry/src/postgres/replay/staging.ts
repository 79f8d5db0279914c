import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { CopyClient } from '../database.ts';
import type { RowSource } from '../insert-statement.ts';
import type { Row } from '../rows.ts';
import type { TableLayout } from '../table-layout.ts';

const TABLE = 'pg_temp.ops_telemetry_replay';

/** A row on its way, in the order in which it is inserted. */
export interface StagedRow {
  readonly row: Row;
  readonly isAtHome: boolean;
}

/**
 * Copies rows into a temporary table that ends with the transaction, all columns as text: whatever
 * is in them, COPY takes it, and only the cast that follows can refuse a row. Their place is in `n`.
 */
export async function stage(
  client: CopyClient,
  layout: TableLayout,
  rows: readonly StagedRow[],
): Promise<void> {
  const columns = layout.columns.map((_, index) => `c${index}`);
  await client.query(`create temporary table ops_telemetry_replay (
  n integer not null,
  is_at_home boolean not null,
  ${columns.map((name) => `${name} text`).join(', ')}
) on commit drop`);
  const stream = client.query(
    copyFrom(`copy ${TABLE} (n, is_at_home, ${columns.join(', ')}) from stdin`),
  );
  stream.end(rows.map(copyLine).join(''));
  await finished(stream);
}

/** The rows `$1` to `$2`, both included, that are at home or that are not. */
export function stagedSource(isAtHome: boolean): RowSource {
  const condition = `n between $1 and $2 and is_at_home = ${isAtHome}`;
  const from = `(select * from ${TABLE} where ${condition} order by n) s`;
  return { from, ids: from, returning: 's.n' };
}

/** @see https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS, text format */
function copyLine({ row, isAtHome }: StagedRow, n: number): string {
  const values = row.map((value) => (value === null ? '\\N' : escaped(value)));
  return `${n}\t${isAtHome ? 't' : 'f'}\t${values.join('\t')}\n`;
}

function escaped(value: string): string {
  return SPECIAL.test(value)
    ? value.replaceAll(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? '')
    : value;
}

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
