import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { judge, share } from '../thresholds.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  levelOf,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link connections}. */
export interface ConnectionsOptions extends CatalogPolicy {
  /**
   * Share of the connections that are in use; the default is `check_postgres`'s for backends.
   * @default 0.9
   */
  readonly warn?: number | undefined;
  /** @default 0.95, from the same place */
  readonly fail?: number | undefined;
}

const schema = z.strictObject({
  warn: share,
  fail: share,
  ...catalogPolicy,
} satisfies Shape<ConnectionsOptions>);

/**
 * How many connections are left for a role without special rights: of the server (`max_connections`
 * less those reserved for superusers and, from PostgreSQL 16, for `pg_use_reserved_connections`),
 * of the role and of the database, where these have a limit. The nearest limit counts. Code:
 * `saturated`.
 *
 * Needs no privilege: a session of another role whose kind is not shown is counted as a client's,
 * so without `pg_read_all_stats` the count may be too high by its workers, never too low.
 *
 * Runs every minute unless told otherwise. @throws InvalidOptionsError naming every fault.
 */
export function connections(
  pool: PostgresPool,
  options: ConnectionsOptions = {},
): ExternalCheckSpec {
  const of = 'postgres.connections';
  const { warn, fail, ...policy } = parseCatalogOptions(schema, options, of);
  const inspect = inspectConnections({ warn, fail });
  return catalogCheck(pool, { of, everyMs: 60_000, policy, inspect });
}

interface Limit {
  readonly of: string;
  readonly max: number;
  readonly used: number;
}

const SELECT_LIMITS = `
  with backend as (
    select usename, datname
    from pg_stat_activity
    where backend_type = 'client backend'
      or backend_type is null and datid is not null and usesysid is not null
  )
  select 'the server' as of,
    current_setting('max_connections')::integer
      - current_setting('superuser_reserved_connections')::integer
      - coalesce(current_setting('reserved_connections', true)::integer, 0) as max,
    (select count(*) from backend) as used
  union all
  select 'the role', rolconnlimit, (select count(*) from backend where usename = rolname)
  from pg_roles
  where rolname = session_user and rolconnlimit >= 0 and not rolsuper
  union all
  select 'the database', datconnlimit, (select count(*) from backend b where b.datname = d.datname)
  from pg_database as d
  where datname = current_database() and datconnlimit >= 0`;

export function inspectConnections({
  warn = 0.9,
  fail = Math.max(warn, 0.95),
}: Pick<ConnectionsOptions, 'warn' | 'fail'> = {}): Inspect {
  return async (read) => {
    const limits = await read.rows<Limit>(SELECT_LIMITS);
    const [nearest] = limits.toSorted((a, b) => shareOf(b) - shareOf(a));
    if (nearest === undefined) return { status: 'fail', code: 'bad_response' };
    const { of, max, used } = nearest;
    const status = judge(shareOf(nearest), { warn, fail });
    const detail = `${used} of ${max} connections of ${of} are in use, ${max - used} are left`;
    const remediation =
      'End sessions that are not needed, make pools smaller, or put a pooler in front of the server; raising max_connections takes a restart and memory';
    return {
      status,
      code: status === 'pass' ? 'ok' : 'saturated',
      measurement: 'connections',
      value: used,
      unit: 'connections',
      message: detail,
      findings:
        status === 'pass'
          ? []
          : [{ name: 'connection_slots', level: levelOf(status), object: of, detail, remediation }],
    };
  };
}

/** A limit of 0, as that of a database nobody may connect to, is used up. */
function shareOf({ max, used }: Limit): number {
  return max > 0 ? used / max : 1;
}
