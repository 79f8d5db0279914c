import { type Clock, systemClock } from '@ops/timeout';
import type pg from 'pg';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import { type CleanupOptions, type CleanupPolicy, createCleanup } from '../../src/index.ts';

const POLICY: CleanupPolicy = {
  table: 'events',
  olderThan: { column: 'at', age: '90d' },
  partitions: 'drop',
  safety: { maxShare: 1 },
};

/**
 * Makes `events(id, at)`, with partitions of 30 days each: `events_1` is of the days 0 to 30 ago,
 * `events_2` of 30 to 60, … with `rows` rows each. No primary key.
 */
export async function makeEvents(
  pool: pg.Pool,
  schema: string,
  options: { readonly partitions?: number; readonly rows?: number; readonly type?: string } = {},
): Promise<void> {
  const { partitions = 6, rows = 10, type = 'timestamptz' } = options;
  await ensureTables(pool, { schema });
  await pool.query(`
    create table events (id bigint generated always as identity, user_id int, at ${type} not null)
      partition by range (at);
    create index on events (at);
    do $$
    begin
      for n in 1..${partitions} loop
        execute format('create table events_%s partition of events for values from (%L) to (%L)',
          n, (current_date - n * 30)::${type}, (current_date - (n - 1) * 30)::${type});
      end loop;
    end $$;
    insert into events (user_id, at)
    select n, (current_date - p * 30)::${type} + (n % 20) * interval '1 day'
    from generate_series(1, ${partitions}) p, generate_series(1, ${rows}) n;
    analyze events`);
}

export function eventsCleanup(
  pool: CleanupOptions<'it'>['pool'],
  schema: string,
  policy: object = {},
  options: object = {},
) {
  return createCleanup({
    pool,
    history: { schema },
    pace: { dutyCycle: 1, lockTimeout: '100ms', statementTimeout: '2s' },
    ...options,
    policies: { it: { ...POLICY, ...policy } },
  });
}

/** Names of the partitions of a table, in order. */
export async function partitionsOf(pool: pg.Pool, table = 'events'): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.relname as name
     from pg_inherits i
     join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass and not i.inhdetachpending
     order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Tables of the schema that are called so, attached or not. */
export async function tablesLike(pool: pg.Pool, pattern: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name
     from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname ~ $1
     order by 1`,
    [pattern],
  );
  return rows.map(({ name }) => name);
}

/** Marks that are not done with. */
export async function openMarks(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from dropped_partitions where dropped_at is null order by 1`,
  );
  return rows.map(({ name }) => name.split('"')[3] ?? '');
}

/** The real time, but a wait of one of these lengths, in milliseconds, takes `shortMs`. */
export function impatientClock(lengths: readonly number[], shortMs: number): Clock {
  return {
    ...systemClock,
    setTimeout: (callback, delayMs) =>
      systemClock.setTimeout(callback, lengths.includes(delayMs) ? shortMs : delayMs),
  };
}
