import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Status } from '../status.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  levelOf,
  parseCatalogOptions,
  worst,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link wraparound}. */
export interface WraparoundOptions extends CatalogPolicy {
  /**
   * Age of the oldest id from which it warns, as a multiple of `autovacuum_freeze_max_age` (for
   * multixacts of `autovacuum_multixact_freeze_max_age`). Autovacuum is forced at 1, so an age of
   * half as much again means that it does not keep up. Where the multiple is beyond the age at which
   * vacuum goes into its failsafe mode, that age counts.
   * @default 1.5
   */
  readonly warn?: number | undefined;
  /**
   * Ids left from which it fails. The default is where the server itself begins to warn; at
   * 3 million it takes no more writes.
   * @default 40_000_000
   */
  readonly left?: number | undefined;
}

const schema = z.strictObject({
  warn: z
    .number('expected a number of 1 or more')
    .min(1, 'expected a number of 1 or more')
    .optional(),
  left: z.int('expected a whole number').min(0).max(2_000_000_000).optional(),
  ...catalogPolicy,
} satisfies Shape<WraparoundOptions>);

/**
 * How far transaction ids and multixact ids are from running out, over all databases of the server:
 * one that nobody vacuums stops them all. Code: `threshold`. Needs no privilege.
 *
 * Runs every 5 minutes unless told otherwise. @throws InvalidOptionsError naming every fault.
 *
 * @see https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
 */
export function wraparound(pool: PostgresPool, options: WraparoundOptions = {}): ExternalCheckSpec {
  const of = 'postgres.wraparound';
  const { warn, left, ...policy } = parseCatalogOptions(schema, options, of);
  const inspect = inspectWraparound({ warn, left });
  return catalogCheck(pool, { of, everyMs: 300_000, policy, inspect });
}

interface Age {
  readonly ids: string;
  readonly database: string;
  readonly age: number;
  /** `autovacuum_freeze_max_age`, or its like. */
  readonly freezeMaxAge: number;
  /** `vacuum_failsafe_age`, or its like. */
  readonly failsafeAge: number;
}

const SELECT_AGES = `
  (
    select 'transaction ids' as ids, datname as database, age(datfrozenxid) as age,
      current_setting('autovacuum_freeze_max_age')::integer as "freezeMaxAge",
      current_setting('vacuum_failsafe_age')::integer as "failsafeAge"
    from pg_database
    order by age(datfrozenxid) desc
    limit 1
  )
  union all
  (
    select 'multixact ids', datname, mxid_age(datminmxid),
      current_setting('autovacuum_multixact_freeze_max_age')::integer,
      current_setting('vacuum_multixact_failsafe_age')::integer
    from pg_database
    order by mxid_age(datminmxid) desc
    limit 1
  )`;

/** Half of the circle of 2^32 ids. */
const WRAP_AT = 2 ** 31;

export function inspectWraparound({
  warn = 1.5,
  left = 40_000_000,
}: Pick<WraparoundOptions, 'warn' | 'left'> = {}): Inspect {
  return async (read) => {
    const ages = await read.rows<Age>(SELECT_AGES);
    const judged = ages.map((age) => ({ ...age, status: statusOf(age, warn, left) }));
    const least = Math.min(...ages.map(({ age }) => WRAP_AT - age));
    return {
      status: worst(judged.map(({ status }) => status)),
      value: least,
      unit: 'ids left',
      message: ages.map(inWords).join('; '),
      findings: judged.flatMap((age): Finding[] =>
        age.status === 'pass'
          ? []
          : [
              {
                name: 'wraparound',
                level: levelOf(age.status),
                object: age.database,
                detail: inWords(age),
                remediation:
                  'End old transactions, prepared transactions and unused replication slots, then run vacuum (freeze) in that database',
              },
            ],
      ),
    };
  };
}

function statusOf({ age, freezeMaxAge, failsafeAge }: Age, warn: number, left: number): Status {
  if (WRAP_AT - age <= left) return 'fail';
  // The server takes a failsafe age below 1.05 times the other setting for that.
  const failsafe = Math.max(failsafeAge, 1.05 * freezeMaxAge);
  return age >= Math.min(warn * freezeMaxAge, failsafe) ? 'warn' : 'pass';
}

function inWords({ ids, database, age, freezeMaxAge }: Age): string {
  return `${ids}: the oldest, in ${database}, is ${age} old; autovacuum is forced from ${freezeMaxAge}, ${WRAP_AT - age} are left`;
}
