import { type Duration, InvalidOptionsError } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Cleanup } from './cleanup.ts';
import type { CleanupStatus, PolicyStatus } from './status/status.ts';

/** Options of {@link cleanupCheck}. */
export interface CleanupCheckOptions {
  /** Names of the policies to look at. Default: all of them. */
  readonly policies?: readonly string[] | undefined;
  /**
   * How long rows may be due without a run that drains the policy; the check fails after that.
   * @default '48h': a nightly run may be missed once
   */
  readonly overdueAfter?: Duration | undefined;
  /** How long the oldest due row may have been due, whatever the runs say. */
  readonly late?: LateLimits | undefined;
}

/** From when on it is a warning, and a failure. Reaching it is enough; `fail` is not below `warn`. */
export interface LateLimits {
  /** @default '3d' */
  readonly warn?: Duration | undefined;
  /** @default '7d' */
  readonly fail?: Duration | undefined;
}

/** What {@link cleanupCheck} makes: a check for `@ops/health`, which this package does not import. */
export interface CleanupCheck {
  run(context: { readonly signal: AbortSignal }): Promise<CleanupMeasurement>;
  /** Start to start. */
  readonly every: '10m';
  /** For all policies together; each is given up on after 2 s. */
  readonly timeout: '30s';
  /** No process is unfit for work because rows are late. */
  readonly critical: false;
  readonly external: true;
  readonly kind: 'datastore';
}

/** A measurement as `@ops/health` takes it. */
export interface CleanupMeasurement {
  readonly status: 'pass' | 'warn' | 'fail';
  readonly measurement: 'oldestDue';
  /** Of the policy that is latest, in seconds. */
  readonly value: number;
  readonly unit: 's';
  readonly code: 'ok' | 'threshold' | 'error';
  readonly message?: string | undefined;
  /** One for each policy that is not as it should be: the first 100, the worst first. */
  readonly findings: readonly CleanupProblem[];
}

/** A policy that is not as it should be. */
export interface CleanupProblem {
  readonly name: 'retention_overdue' | 'retention_late' | 'retention_failed';
  readonly level: 'warn' | 'error';
  /** The policy and its table. */
  readonly object: string;
  readonly detail: string;
  readonly remediation: string;
}

const DAY_MS = 86_400_000;
const LONGEST_MS = 36_500 * DAY_MS;
const limit = (): z.ZodType<number, Duration> => durationMs({ minMs: 1, maxMs: LONGEST_MS });
const lateSchema = z.strictObject({
  warn: limit().optional(),
  fail: limit().optional(),
} satisfies Shape<LateLimits>);
const optionsSchema = z.strictObject({
  policies: z.array(z.string()).min(1).readonly().optional(),
  overdueAfter: durationMs({ minMs: 60_000, maxMs: LONGEST_MS }).optional(),
  late: lateSchema.optional(),
} satisfies Shape<CleanupCheckOptions>);

const MOST_FINDINGS = 100;

/**
 * A check of `@ops/health` on {@link Cleanup.status}: `checks: { retention: cleanupCheck(cleanup) }`.
 * Fails when a policy is overdue, or cannot be looked at, or its oldest due row is too late; warns
 * when that row is late, or the last run failed, was refused, blocked or fenced, or ended without a
 * word. Spread it to change when it runs: `{ ...cleanupCheck(cleanup), every: '1h' }`.
 *
 * @throws InvalidOptionsError. Its `run` rejects as `status()` does: without tables, or a connection.
 */
export function cleanupCheck<Name extends string>(
  cleanup: Pick<Cleanup<Name>, 'status'>,
  options: CleanupCheckOptions = {},
): CleanupCheck {
  if (typeof (cleanup as Partial<typeof cleanup> | undefined)?.status !== 'function') {
    throw new InvalidOptionsError('cleanupCheck: expected what createCleanup() returned');
  }
  const {
    policies,
    overdueAfter,
    late = {},
  } = parseOptions(optionsSchema, options, {
    of: 'cleanupCheck',
  });
  const failMs = late.fail ?? Math.max(7 * DAY_MS, late.warn ?? 0);
  const limits = { warnMs: late.warn ?? Math.min(3 * DAY_MS, failMs), failMs };
  if (limits.warnMs > failMs) {
    throw new InvalidOptionsError(
      `cleanupCheck: late.fail: expected at least late.warn, ${String(options.late?.warn)}`,
    );
  }
  return {
    run: async ({ signal }) =>
      measured(await cleanup.status({ policies, overdueAfter, signal }), limits),
    every: '10m',
    timeout: '30s',
    critical: false,
    external: true,
    kind: 'datastore',
  };
}

interface Limits {
  readonly warnMs: number;
  readonly failMs: number;
}

function measured(status: CleanupStatus, limits: Limits): CleanupMeasurement {
  const all: readonly PolicyStatus[] = Object.values(status.policies);
  const problems = all
    .flatMap((policy) => problemOf(policy, status, limits) ?? [])
    .toSorted((a, b) => a.level.localeCompare(b.level));
  const isFailed = problems.some(({ level }) => level === 'error');
  const lateMs = Math.max(0, ...all.map((policy) => policy.lateMs ?? 0));
  const facts = {
    measurement: 'oldestDue',
    value: Math.round(lateMs / 1000),
    unit: 's',
    findings: problems.slice(0, MOST_FINDINGS),
  } as const;
  if (problems.length === 0) return { status: 'pass', code: 'ok', ...facts };
  const isLate = problems.some(({ name }) => name !== 'retention_failed');
  return {
    status: isFailed ? 'fail' : 'warn',
    code: isLate ? 'threshold' : 'error',
    message: problems.map(({ object, detail }) => `${object}: ${detail}`).join('; '),
    ...facts,
  };
}

/** What ends a run of a policy so that somebody has to look. */
const FAULTS: ReadonlySet<string> = new Set(['failed', 'refused', 'blocked', 'fenced']);

/** The worst of one policy. */
function problemOf(
  policy: PolicyStatus,
  { running, at }: CleanupStatus,
  { warnMs, failMs }: Limits,
): CleanupProblem | undefined {
  const { lastRun, lateMs, why } = policy;
  const object = `${policy.policy} (${policy.table})`;
  const late = lateMs ?? 0;
  if (policy.isOverdue) return { ...OVERDUE, level: 'error', object, detail: why };
  if (late >= warnMs)
    return { ...LATE, level: late >= failMs ? 'error' : 'warn', object, detail: why };
  if (lastRun === null || lastRun.runId === running?.runId) return undefined;
  const { stopped, runId, startedAt } = lastRun;
  if (stopped !== null && !FAULTS.has(stopped)) return undefined;
  const ended = stopped === null ? 'did not end: its process died' : `ended with ${stopped}`;
  const detail = `The last run, ${runId} of ${startedAt}, ${ended} (seen at ${at})`;
  return { ...FAILED, level: 'warn', object, detail };
}

const OVERDUE = {
  name: 'retention_overdue',
  remediation:
    'See that the runs are still scheduled and end: ops-cleanup status, then ops-cleanup run',
} as const;
const LATE = {
  name: 'retention_late',
  remediation: 'Give the runs more time or rows, or run more often: ops-cleanup plan, then run',
} as const;
const FAILED = {
  name: 'retention_failed',
  remediation: 'Read the report of that run; ops-cleanup plan and doctor name what is wrong',
} as const;
