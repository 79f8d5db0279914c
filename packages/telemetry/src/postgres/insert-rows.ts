import { lockStatement } from './advisory-lock.ts';
import type { SqlClient } from './database.ts';
import { homeStatement, movedStatement, plainStatement, unnestSource } from './insert-statement.ts';
import type { Row } from './rows.ts';
import type { TableLayout } from './table-layout.ts';
import { inTransaction, serverLimitMs } from './transaction.ts';

/**
 * Inserts rows in one transaction; rows whose id is there already are skipped. Resolves with the ids
 * of these.
 */
export type InsertRows = (rows: readonly Row[]) => Promise<ReadonlySet<string>>;

/** For rows that lie in their home month, which is any row of a plain table, and for the others. */
export interface Inserts {
  readonly home: InsertRows;
  readonly moved: InsertRows;
}

/** `remainingMs` is asked before each transaction and makes its `statement_timeout`. */
export function createInserts(
  client: SqlClient,
  layout: TableLayout,
  remainingMs: () => number,
): Inserts {
  const { oid, moved } = layout;
  const source = unnestSource(layout);
  const inserting =
    (statement: string, ...preface: readonly string[]): InsertRows =>
    async (rows) => {
      const values = layout.columns.map((_, column) => rows.map((row) => row[column] ?? null));
      const limits = { statementMs: serverLimitMs(remainingMs()) };
      // Not prepared by name: a pooler may give the next transaction another connection, and with
      // hundreds of rows in a statement the planning that it saves is lost in the noise.
      const insert = () => client.query(statement, values);
      const { rows: found } = await inTransaction(client, limits, insert, preface);
      return new Set((found as readonly { readonly id: string }[]).map(({ id }) => id));
    };
  if (moved === undefined) {
    const home = inserting(plainStatement(layout, source));
    return { home, moved: home };
  }
  const shared = lockStatement('insert', oid, 'shared');
  const exclusive = lockStatement('insert', oid, 'exclusive');
  return {
    home: inserting(homeStatement(layout, moved, source), shared),
    moved: inserting(movedStatement(layout, moved, source), exclusive),
  };
}
