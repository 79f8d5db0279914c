import { TableMismatchError } from '../errors.ts';
import type { SqlClient } from './database.ts';
import { qualified } from './identifier.ts';
import { isCovered, type MadePartition, makeDefault, makePartition } from './make-partition.ts';
import { monthOf } from './month.ts';
import { type Partitioning, readPartitioning } from './partitioning.ts';
import { serverErrorState } from './server-error.ts';
import { movedTableName } from './table-layout.ts';

/** What {@link fillPartitions} did. */
export interface PartitionsReport {
  /** Names as in the catalog, without the schema; empty when all were there. */
  readonly created: readonly string[];
  /** Rows that were waiting in the default partition. */
  readonly movedRows: number;
}

/** Which months of which table. */
export interface PartitionsWanted {
  readonly schema?: string | undefined;
  readonly table: string;
  readonly idColumn: string;
  readonly ahead: number;
  readonly behind: number;
  /** In milliseconds since 1970. */
  readonly now: number;
  readonly remainingMs: () => number;
}

/** Shorter than this, another attempt has no chance. In milliseconds. */
const LEAST_MS = 500;

/**
 * Makes the partitions that are missing, and the default partition if there is none. With all of
 * them there it is three reads of the catalog.
 *
 * @throws TableMismatchError when the table is missing or not partitioned by range on a `timestamptz`
 */
export async function fillPartitions(
  client: SqlClient,
  wanted: PartitionsWanted,
): Promise<PartitionsReport> {
  const { table, idColumn, remainingMs } = wanted;
  const { oid, facts } = await findPartitioned(client, wanted);
  const site = { client, oid, table, idColumn, remainingMs };
  const created: string[] = [];
  let movedRows = 0;
  if (!facts.partitions.some(({ isDefault }) => isDefault)) {
    const name = await withPatience(site, () => makeDefault(site, facts.schema));
    if (name !== undefined) created.push(name);
  }
  const now = monthOf(wanted.now);
  for (let month = now - wanted.behind; month <= now + wanted.ahead; month += 1) {
    if (isCovered(facts, month)) continue;
    const made = await withPatience<MadePartition>(site, () => makePartition(site, month));
    if (made === undefined) continue;
    created.push(made.name);
    movedRows += made.movedRows;
  }
  if (created.length > 0) await forgetMoved(client, qualified(facts.schema, table), facts, wanted);
  return { created, movedRows };
}

async function findPartitioned(
  client: SqlClient,
  { schema, table, idColumn }: PartitionsWanted,
): Promise<{ readonly oid: number; readonly facts: Partitioning }> {
  const quoted = qualified(schema, table);
  const { rows } = await client.query('select to_regclass($1)::oid::bigint::text as oid', [quoted]);
  const found = (rows[0] as { readonly oid: string | null } | undefined)?.oid ?? null;
  if (found === null) throw new TableMismatchError(quoted, ['there is no such table']);
  const oid = Number(found);
  const facts = await readPartitioning(client, oid, idColumn);
  if (facts === undefined) throw new TableMismatchError(quoted, ['it is not partitioned']);
  if (facts.timeColumn !== null) return { oid, facts };
  throw new TableMismatchError(quoted, [
    'it is not partitioned by range on one timestamptz column',
  ]);
}

/**
 * Tries again while a lock does not come: whoever reads the default partition for a minute must not
 * make everybody behind us wait for that minute. Undefined when another process was faster.
 */
async function withPatience<T>(
  { client, remainingMs }: { readonly client: SqlClient; readonly remainingMs: () => number },
  make: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await make();
    } catch (error) {
      const state = serverErrorState(error);
      if (state === '42P07' || state === '42710') return unlessTaken(error, make);
      if (state !== '55P03' || remainingMs() < LEAST_MS) throw error;
      await client.query('select pg_sleep(0.1)');
    }
  }
}

/** The name is taken: by another process that made the partition just now, or by another table. */
async function unlessTaken<T>(
  error: unknown,
  make: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await make();
  } catch {
    throw error;
  }
}

/** Notes of rows that are gone with their partition. At most 10,000 at a time. */
async function forgetMoved(
  client: SqlClient,
  parent: string,
  { schema, partitions }: Partitioning,
  { table, idColumn }: PartitionsWanted,
): Promise<void> {
  const oldest = partitions.find(({ isDefault, from }) => !isDefault && Number.isFinite(from));
  if (oldest === undefined) return;
  const moved = qualified(schema, movedTableName(table));
  const { rows } = await client.query('select to_regclass($1) is not null as is_there', [moved]);
  if ((rows[0] as { readonly is_there: boolean } | undefined)?.is_there !== true) return;
  await client.query(
    `delete from ${moved}
where id in (
  select m.id
  from ${moved} m
  where m.created_at < $1
    and not exists (select from ${parent} e where e.${qualified(undefined, idColumn)} = m.id)
  limit 10000
)`,
    [new Date(oldest.from).toISOString()],
  );
}
