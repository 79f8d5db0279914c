import type { SqlClient } from './database.ts';
import type { Row } from './rows.ts';
import { serverErrorState } from './server-error.ts';
import type { TableLayout } from './table-layout.ts';

/** Inserts rows in one transaction; rows whose id is there already are skipped. */
export type InsertRows = (rows: readonly Row[]) => Promise<void>;

/** Of the time that is left, so that the server gives up first and the connection stays usable. */
const STATEMENT_SHARE = 0.9;

/**
 * `remainingMs` is asked before each transaction and makes its `statement_timeout`, set for the
 * transaction alone so that a pooler's connection is handed on as it was.
 */
export function createInsertRows(
  client: SqlClient,
  layout: TableLayout,
  remainingMs: () => number,
): InsertRows {
  const statement = insertStatement(layout);
  return async (rows) => {
    const limitMs = Math.max(1, Math.floor(remainingMs() * STATEMENT_SHARE));
    const values = layout.columns.map((_, column) => rows.map((row) => row[column] ?? null));
    // SET takes no parameters; the limit is a whole number of our own.
    await client.query(`begin; set local statement_timeout = ${limitMs}`);
    try {
      await client.query(statement, values);
      await client.query('commit');
    } catch (error) {
      if (serverErrorState(error) !== undefined) await client.query('rollback');
      throw error;
    }
  };
}

/**
 * One array per column instead of one parameter per value: the statement's text depends on the
 * layout alone, and 65,535 parameters are no bound on the rows.
 *
 * Only a conflict on the id is a repeat. One on another unique index of the table is the fault of its
 * row: passed over in silence, the event would count as stored.
 *
 * Takes a row exclusive lock on the table, which only DDL conflicts with. A row with the same id in
 * another open transaction is waited for.
 */
function insertStatement({ table, columns }: TableLayout): string {
  const id = columns.find(({ field }) => field === 'id')?.name;
  return `
insert into ${table} (${columns.map(({ name }) => name).join(', ')})
select ${columns.map(({ type }, index) => `u.c${index}::${type}`).join(', ')}
from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')})
  as u (${columns.map((_, index) => `c${index}`).join(', ')})
on conflict (${id}) do nothing`;
}
