import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Throttle } from './throttle.ts';

/** Options of {@link longTransactions}. */
export interface LongTransactionsOptions {
  /** A transaction of this database may be open for so long. */
  readonly max: Duration;
}

const optionsSchema = z.strictObject({
  max: durationMs({ minMs: 1 }),
} satisfies Shape<LongTransactionsOptions>);

/**
 * Lets batches go while no other transaction of this database that holds a snapshot is older than
 * `max`. As long as one is open, nothing that is deleted can be vacuumed: the rows only turn into
 * garbage that every reader has to step over. Prepared transactions count too. The role needs
 * `pg_read_all_stats` to see the sessions of others.
 *
 * @throws InvalidOptionsError
 */
export function longTransactions(options: LongTransactionsOptions): Throttle {
  const { max: maxMs } = parseOptions(optionsSchema, options, { of: 'longTransactions' });
  return {
    name: 'long-transactions',
    async check({ query }) {
      const [row] = await query(
        `select name, age_ms::text as age_ms
         from (
           select
             'process ' || pid || coalesce(nullif(' of ' || application_name, ' of '), '') as name,
             extract(epoch from clock_timestamp() - xact_start) * 1000 as age_ms
           from pg_stat_activity
           where datname = current_database()
             and pid <> pg_backend_pid()
             and backend_xmin is not null
             and backend_type = 'client backend'
           union all
           select
             'prepared transaction ' || gid,
             extract(epoch from clock_timestamp() - prepared) * 1000
           from pg_prepared_xacts
           where database = current_database()
         ) transactions
         where age_ms is not null
         order by age_ms desc
         limit 1`,
      );
      const ageMs = Math.round(Number(row?.['age_ms'] ?? 0));
      if (ageMs <= maxMs) return { go: true };
      const reason = `${row?.['name']} has had a snapshot for ${ageMs} ms, limit ${maxMs} ms`;
      return { go: false, reason };
    },
  };
}
