import type { ColumnFacts } from '../catalog/columns.ts';
import { inspectColumns } from '../catalog/columns.ts';
import type { Query } from '../database.ts';

/** A column as an archive remembers it. Types that are not the system's carry their schema. */
export interface ArchivedColumn {
  readonly name: string;
  /** With its modifier: `numeric(10,2)`. */
  readonly type: string;
  /** Without it. */
  readonly plainType: string;
  /** Of a domain, what it is over; otherwise as {@link ArchivedColumn.plainType}. */
  readonly baseType: string;
}

/** Only what is to be remembered. */
export function archivedColumn(column: ColumnFacts): ArchivedColumn {
  return {
    name: column.name,
    type: column.typeWithModifier,
    plainType: column.type,
    baseType: column.baseType,
  };
}

const ANY_LENGTH = new Set(['character varying', 'bit varying']);

/**
 * True when every value of `from` can be put into `to` and stays what it is. Another length of a
 * varying text will do, since the server refuses a longer value; another scale of a number would
 * round it, and a shorter time would lose digits.
 */
export function fits(from: ArchivedColumn, to: ArchivedColumn): boolean {
  return (
    to.type === from.type ||
    to.type === from.plainType ||
    to.type === from.baseType ||
    (to.plainType === from.plainType && ANY_LENGTH.has(to.plainType))
  );
}

/**
 * As {@link inspectColumns}, with types named independently of the search path, so that what one
 * connection wrote down can be compared with what another finds.
 */
export function inspectQualified(
  query: Query,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly ColumnFacts[]>> {
  return withoutSearchPath(query, () => inspectColumns(query, oids));
}

async function withoutSearchPath<T>(query: Query, work: () => Promise<T>): Promise<T> {
  await query(`savepoint ops_cleanup_names; set local search_path to ''`);
  const result = await work();
  await query('rollback to savepoint ops_cleanup_names; release savepoint ops_cleanup_names');
  return result;
}
