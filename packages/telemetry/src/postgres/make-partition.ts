import { lockStatement } from './advisory-lock.ts';
import type { SqlClient } from './database.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import { type Month, monthSuffix, startOf } from './month.ts';
import { type Partitioning, readPartitioning } from './partitioning.ts';
import { inTransaction, serverLimitMs } from './transaction.ts';

/** Where partitions are made. */
export interface PartitionSite {
  readonly client: SqlClient;
  readonly oid: number;
  /** Without its schema, not quoted. */
  readonly table: string;
  /** Not quoted. */
  readonly idColumn: string;
  readonly remainingMs: () => number;
}

/** A partition that was made, undefined when another process had made it. */
export interface MadePartition {
  readonly name: string;
  readonly movedRows: number;
}

/**
 * Longest wait for a lock, in milliseconds: those who want to read the default partition meanwhile
 * stand in line behind us.
 */
const LOCK_WAIT_MS = 1_000;

/** Whether a month has a partition, or one that would be in its way. */
export function isCovered({ partitions }: Partitioning, month: Month): boolean {
  const from = startOf(month);
  const to = startOf(month + 1);
  return partitions.some((part) => !part.isDefault && part.from < to && part.to > from);
}

/**
 * Makes the partition of one month in one transaction, and moves the rows into it that waited in the
 * default partition. `create table … partition of` would lock the parent against everybody; a table
 * that is made apart and attached takes:
 *
 * - share update exclusive on the parent: readers and writers go on;
 * - access exclusive on the default partition, while its rows of that month are moved and it is
 *   scanned for others: with nothing in it, no time. Who writes into that month, or reads all
 *   partitions, waits so long.
 */
export async function makePartition(
  site: PartitionSite,
  month: Month,
): Promise<MadePartition | undefined> {
  const { client, oid } = site;
  const limits = { statementMs: serverLimitMs(site.remainingMs()), lockMs: LOCK_WAIT_MS };
  const turn = lockStatement('partitions', oid, 'exclusive');
  return inTransaction(client, limits, () => attachMonth(site, month), [turn]);
}

async function attachMonth(
  { client, oid, table, idColumn }: PartitionSite,
  month: Month,
): Promise<MadePartition | undefined> {
  const facts = await readPartitioning(client, oid, idColumn);
  if (facts === undefined || facts.timeColumn === null || isCovered(facts, month)) return undefined;
  const parent = qualified(facts.schema, table);
  const name = `${table}_${monthSuffix(month)}`;
  const part = qualified(facts.schema, name);
  const [from, to] = [startOf(month), startOf(month + 1)].map((at) => new Date(at).toISOString());
  const time = quoteIdentifier(facts.timeColumn);
  const isInside = `${time} >= '${from}' and ${time} < '${to}'`;
  // The check spares the scan of what has been moved into it.
  await client.query(`create table ${part} (
  like ${parent} including all,
  primary key (${quoteIdentifier(idColumn)}),
  constraint ops_telemetry_bounds check (${isInside})
)`);
  await client.query(`lock table ${parent} in share update exclusive mode`);
  const movedRows = await moveFromDefault(client, facts, { part, isInside });
  await client.query(`alter table ${parent}
  attach partition ${part} for values from ('${from}') to ('${to}')`);
  await client.query(`alter table ${part} drop constraint ops_telemetry_bounds`);
  return { name, movedRows };
}

async function moveFromDefault(
  client: SqlClient,
  { schema, columns, partitions }: Partitioning,
  { part, isInside }: { readonly part: string; readonly isInside: string },
): Promise<number> {
  const fallback = partitions.find(({ isDefault }) => isDefault);
  if (fallback === undefined) return 0;
  const source = qualified(schema, fallback.name);
  const list = columns.map(quoteIdentifier).join(', ');
  // Attaching takes this lock anyway; taken first, no row of the month can come in between.
  await client.query(`lock table ${source} in access exclusive mode`);
  const { rows } = await client.query(`
with moved as (
  delete from ${source}
  where ${isInside}
  returning ${list}
),
added as (
  insert into ${part} (${list})
  select ${list}
  from moved
  returning 1
)
select count(*)::int as n from added`);
  return (rows[0] as { readonly n: number } | undefined)?.n ?? 0;
}

/** So that no event fails for lack of a partition. Locks as {@link makePartition}, without a move. */
export async function makeDefault(site: PartitionSite, schema: string): Promise<string> {
  const { client, oid, table, idColumn } = site;
  const parent = qualified(schema, table);
  const name = `${table}_default`;
  const limits = { statementMs: serverLimitMs(site.remainingMs()), lockMs: LOCK_WAIT_MS };
  const attach = async (): Promise<string> => {
    await client.query(`create table ${qualified(schema, name)} (
  like ${parent} including all,
  primary key (${quoteIdentifier(idColumn)})
)`);
    await client.query(`alter table ${parent} attach partition ${qualified(schema, name)} default`);
    return name;
  };
  return inTransaction(client, limits, attach, [lockStatement('partitions', oid, 'exclusive')]);
}
