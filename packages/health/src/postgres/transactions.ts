import type { Duration } from '@ops/timeout';
import { durationMs, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Status } from '../status.ts';
import { judge } from '../thresholds.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  inTime,
  levelOf,
  MOST_FINDINGS,
  measured,
  parseCatalogOptions,
  worst,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link transactions}. */
export interface TransactionsOptions extends CatalogPolicy {
  /**
   * Age of a transaction from which it warns. The default is what `heroku pg:long-running-queries`
   * and the Supabase CLI call long.
   * @default '5m'
   */
  readonly warn?: Duration | undefined;
  /** Age from which it fails. Default: never, since a backup or a report may take hours. */
  readonly fail?: Duration | undefined;
  /**
   * Time since a session in a transaction did anything, from which it warns. The default is
   * pghero's for a long query.
   * @default '1m'
   */
  readonly idle?: Duration | undefined;
  /**
   * Age from which a prepared transaction warns: a transaction manager that is alive ends it within
   * moments, and nothing but a person ends one that was left behind.
   * @default '1m'
   */
  readonly prepared?: Duration | undefined;
}

const age = durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }).optional();
const schema = z.strictObject({
  warn: age,
  fail: age,
  idle: age,
  prepared: age,
  ...catalogPolicy,
} satisfies Shape<TransactionsOptions>);

/**
 * Transactions of this database that have been open for too long: they keep dead rows from being
 * vacuumed and locks from being given to others. Clients only: no autovacuum, no replication.
 * Prepared transactions are looked at too. Codes: `threshold`, and `insufficient_privilege` when
 * sessions of other roles are there, cannot be seen without `pg_read_all_stats`, and nothing is
 * wrong with those that can.
 *
 * Runs every minute unless told otherwise. Findings name process, role and application, never the
 * statement, which may hold secrets. @throws InvalidOptionsError naming every fault.
 */
export function transactions(
  pool: PostgresPool,
  options: TransactionsOptions = {},
): ExternalCheckSpec {
  const of = 'postgres.transactions';
  const { warn, fail, idle, prepared, ...policy } = parseCatalogOptions(schema, options, of);
  const inspect = inspectTransactions({ warn, fail, idle, prepared });
  return catalogCheck(pool, { of, everyMs: 60_000, policy, inspect });
}

/** Thresholds in milliseconds. */
export interface TransactionThresholds {
  readonly warn?: number | undefined;
  readonly fail?: number | undefined;
  readonly idle?: number | undefined;
  readonly prepared?: number | undefined;
}

interface Session {
  readonly pid: number;
  readonly role: string;
  readonly application: string;
  readonly isIdle: boolean;
  readonly ageMs: number;
  readonly idleMs: number;
}

const SELECT_SESSIONS = `
  select pid, usename as role, application_name as application,
    state like 'idle in transaction%' as "isIdle",
    extract(epoch from clock_timestamp() - xact_start) * 1000 as "ageMs",
    extract(epoch from clock_timestamp() - state_change) * 1000 as "idleMs"
  from pg_stat_activity
  where datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type = 'client backend'
    and xact_start is not null
  order by xact_start
  limit $1::integer`;

/** Autovacuum's workers have no role; the rest that is hidden may be a client's. */
const SELECT_HIDDEN = `
  select count(*) as count
  from pg_stat_activity
  where datname = current_database() and backend_type is null and usesysid is not null`;

interface Prepared {
  readonly gid: string;
  readonly remedy: string;
  readonly ageMs: number;
}

const SELECT_PREPARED = `
  select gid, 'rollback prepared ' || quote_literal(gid) || ';' as remedy,
    extract(epoch from clock_timestamp() - prepared) * 1000 as "ageMs"
  from pg_prepared_xacts
  where database = current_database()
  order by prepared
  limit $1::integer`;

type Judged = readonly [Status, Finding];

const MINUTE_MS = 60_000;

export function inspectTransactions({
  warn = 5 * MINUTE_MS,
  fail,
  idle = MINUTE_MS,
  prepared = MINUTE_MS,
}: TransactionThresholds = {}): Inspect {
  return async (read) => {
    const most = Math.floor(MOST_FINDINGS / 2);
    const sessions = await read.rows<Session>(SELECT_SESSIONS, [most]);
    const [hidden] = await read.rows<{ count: number }>(SELECT_HIDDEN);
    const leftOver = await read.rows<Prepared>(SELECT_PREPARED, [most]);
    const judged = [
      ...sessions.map((session) => judgeSession(session, { warn, fail, idle })),
      ...leftOver.map((one) => judgePrepared(one, prepared)),
    ].filter(([status]) => status !== 'pass');
    const oldestMs = Math.round(sessions[0]?.ageMs ?? 0);
    return measured(
      {
        status: worst(judged.map(([status]) => status)),
        value: oldestMs,
        unit: 'ms',
        message: `the oldest transaction is ${inTime(oldestMs)} old; ${judged.length} are open for too long`,
        findings: judged.map(([, finding]) => finding),
      },
      {
        count: hidden?.count ?? 0,
        what: 'sessions of other roles cannot be seen: grant pg_read_all_stats',
      },
    );
  };
}

function judgeSession(
  { pid, role, application, isIdle, ageMs, idleMs }: Session,
  thresholds: { readonly warn: number; readonly fail: number | undefined; readonly idle: number },
): Judged {
  const byAge = judge(ageMs, thresholds);
  const byIdle = isIdle ? judge(idleMs, { warn: thresholds.idle }) : 'pass';
  const status = worst([byAge, byIdle]);
  const doing = isIdle ? `, and has done nothing for ${inTime(idleMs)}` : '';
  return [
    status,
    {
      name: isIdle ? 'idle_in_transaction' : 'long_transaction',
      level: levelOf(status),
      object: `process ${pid} (${role}${application === '' ? '' : `, ${application}`})`,
      detail: `The transaction is ${inTime(ageMs)} old${doing}`,
      remediation: `select pg_terminate_backend(${pid});`,
    },
  ];
}

function judgePrepared({ gid, remedy, ageMs }: Prepared, threshold: number): Judged {
  const status = judge(ageMs, { warn: threshold });
  return [
    status,
    {
      name: 'prepared_transaction',
      level: levelOf(status),
      object: gid,
      detail: `Prepared ${inTime(ageMs)} ago and neither committed nor rolled back; it keeps its locks, over a restart too`,
      remediation: remedy,
    },
  ];
}
