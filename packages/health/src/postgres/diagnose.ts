import { type Duration, InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import type { OutcomeCode, Status } from '../status.ts';
import { levelOf } from './catalog-check.ts';
import { type CheckConnection, createCheckConnection } from './check-connection.ts';
import {
  type Examination,
  type ExaminationOptions,
  examinationNames,
  examine,
} from './examinations.ts';
import { migrationsOptions } from './migrations.ts';
import { toCheckFailure } from './postgres-error.ts';
import { needClientFactory, type PostgresPool } from './postgres-pool.ts';
import { relationOption } from './relation-plan.ts';

/** Options of {@link diagnose}. */
export interface DiagnoseOptions extends ExaminationOptions {
  /** Which examinations; the others are left out. Default: all of them. */
  readonly checks?: readonly Examination[] | undefined;
  /**
   * Time limit of each examination, connecting included; of `consistency`, of each of its steps.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  /** Ends the diagnosis, and what the server is doing for it. */
  readonly signal?: AbortSignal | undefined;
}

/** A finding, and which examination it is from. */
export interface Diagnosed extends Finding {
  readonly check: Examination;
}

/** What an examination came to. */
export interface ExaminationResult {
  readonly check: Examination;
  readonly status: Status;
  readonly code: OutcomeCode;
  readonly message: string | undefined;
}

/** What {@link diagnose} found. */
export interface DoctorReport {
  /** By the server's clock. */
  readonly time: Date;
  readonly server: {
    /** As 18.1. */
    readonly version: string;
    readonly role: 'primary' | 'replica';
    readonly database: string;
    readonly user: string;
  };
  /** The worst of the findings; `ok` when there is none. */
  readonly level: 'ok' | Finding['level'];
  /** The worst first; 50 at most of each kind. */
  readonly findings: readonly Diagnosed[];
  readonly examinations: readonly ExaminationResult[];
}

const schema = z.strictObject({
  checks: z.array(z.enum(examinationNames)).min(1, 'expected a check').optional(),
  relations: z.array(relationOption).max(100, 'expected at most 100').optional(),
  migrations: z.strictObject(migrationsOptions).optional(),
  timeout: durationMs({ isMinExcluded: true }).optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
} satisfies Shape<DiagnoseOptions>);

/**
 * Looks at all that the checks of this package look at, with their default thresholds, and at what
 * is merely worth knowing. One connection with the pool's settings, opened for it and closed after
 * it; read-only; each examination in a transaction of its own, so one that may not be read, or takes
 * too long, is itself a finding and the others go on. With `relations` their tables are read as a
 * whole, in steps.
 *
 * Not redacted: findings name objects, roles and applications, and keys of rows that refer to nothing.
 *
 * @throws InvalidOptionsError naming every fault.
 * @throws CheckFailedError when the server cannot be reached; its `outcome` is the code.
 */
export async function diagnose(
  pool: PostgresPool,
  options: DiagnoseOptions = {},
): Promise<DoctorReport> {
  const of = 'diagnose';
  const parsed = parseOptions(schema, options, { of });
  const { checks = examinationNames, timeout = 30_000, relations, migrations } = parsed;
  if (checks.includes('consistency') && options.checks !== undefined && relations === undefined) {
    throw new InvalidOptionsError(`${of}: relations: expected some for the check 'consistency'`);
  }
  const signal = parsed.signal ?? new AbortController().signal;
  const connection = limited(createCheckConnection(needClientFactory(pool, of)));
  const limits = { signal, timeoutMs: timeout };
  try {
    const { time, ...server } = await serverOn(connection, limits);
    const results = new Map<Examination, Measurement>();
    for (const check of checks) {
      const examined = () => examine(check, connection, limits, { relations, migrations });
      const result = await resultOf(examined, signal);
      if (result !== undefined) results.set(check, result);
    }
    return reportOf(time, server, results);
  } finally {
    await connection.close().catch(() => {});
  }
}

/** A server that says nothing ends no statement: the limit is kept from here too. */
function limited(connection: CheckConnection): CheckConnection {
  return {
    read: ({ signal: outer, timeoutMs }, work) =>
      withTimeout(({ signal }) => connection.read({ signal, timeoutMs }, work), timeoutMs, {
        signal: outer,
      }),
    close: connection.close,
  };
}

interface Limits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

interface Server {
  readonly database: string;
  readonly user: string;
  readonly version: string;
  readonly nowMs: number;
}

async function serverOn(
  connection: CheckConnection,
  limits: Limits,
): Promise<DoctorReport['server'] & { readonly time: Date }> {
  try {
    return await connection.read(limits, async (read) => {
      const [found] = await read.rows<Server>(
        `select current_database() as database, session_user as user,
          split_part(current_setting('server_version'), ' ', 1) as version,
          extract(epoch from clock_timestamp()) * 1000 as "nowMs"`,
      );
      const { database, user, version, nowMs } = found as Server;
      const role = read.isReplica ? 'replica' : 'primary';
      return { version, role, database, user, time: new Date(nowMs) };
    });
  } catch (error) {
    limits.signal.throwIfAborted();
    throw toCheckFailure(error);
  }
}

/** What went wrong is what came of it, unless nobody wants to know any more. */
async function resultOf(
  examined: () => Promise<Measurement | undefined>,
  signal: AbortSignal,
): Promise<Measurement | undefined> {
  try {
    return await examined();
  } catch (error) {
    signal.throwIfAborted();
    const { outcome, message } = toCheckFailure(error);
    return { status: 'fail', code: outcome, message };
  }
}

const RANK = { error: 0, warn: 1, info: 2 } as const;

function reportOf(
  time: Date,
  server: DoctorReport['server'],
  results: ReadonlyMap<Examination, Measurement>,
): DoctorReport {
  const findings = [...results]
    .flatMap(([check, result]) => findingsOf(check, result))
    .toSorted((a, b) => RANK[a.level] - RANK[b.level]);
  const examinations = [...results].map(([check, { status = 'pass', code, message }]) => ({
    check,
    status,
    code: code ?? ({ pass: 'ok', warn: 'threshold', fail: 'error' } as const)[status],
    message,
  }));
  return { time, server, level: findings[0]?.level ?? 'ok', findings, examinations };
}

/** An examination that came to no good and says no more of it is a finding itself. */
function findingsOf(check: Examination, result: Measurement): readonly Diagnosed[] {
  const { status = 'pass', findings = [], message = '', code } = result;
  const isTold = findings.some(({ level }) => level === levelOf(status)) || status === 'pass';
  const untold: Diagnosed = {
    check,
    name: 'not_examined',
    level: levelOf(status),
    detail: `${code ?? 'error'}: ${message}`,
  };
  return [...(isTold ? [] : [untold]), ...findings.map((finding) => ({ ...finding, check }))];
}
