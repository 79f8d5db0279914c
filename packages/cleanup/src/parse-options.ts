import { type Clock, systemClock } from '@ops/timeout';
import { callable, durationMs, parseOptions as parse, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { RestoreOptions } from './archive/restore.ts';
import type { CleanupPool } from './database.ts';
import type { CleanupEvent } from './events.ts';
import { quoteIdentifier } from './identifier.ts';
import type {
  Budget,
  CleanupLogger,
  CleanupOptions,
  HistoryOptions,
  Hold,
  Pace,
  PlanOptions,
  RunOptions,
  RunSettings,
  Settings,
  StatusOptions,
  StopOptions,
} from './options.ts';
import type { CleanupPlan } from './plan.ts';
import {
  columnPairs,
  fragment,
  list,
  named,
  number,
  policy,
  tablePath,
} from './policy/parse-policy.ts';
import type { UndoOptions } from './soft-delete/undo.ts';
import type { Throttle } from './throttle/throttle.ts';

const DAY_MS = 86_400_000;

const SILENT: CleanupLogger = { info() {}, warn() {}, error() {} };

const signal = z
  .custom<AbortSignal>((value) => value instanceof AbortSignal, {
    error: 'expected an AbortSignal',
  })
  .optional();

const NAME = 'expected a name of a letter, then letters, digits, _ and -';
const name = z.string({ error: NAME }).regex(/^[a-z][\w-]*$/i, NAME);
const names = list(name, 'expected names of policies').optional();

const hold = z.strictObject({ table: tablePath, on: columnPairs, active: fragment.optional() });
const history = z.strictObject({
  schema: named('expected the name of a schema', quoteIdentifier).default('ops_cleanup'),
  keep: durationMs({ minMs: DAY_MS, maxMs: 36_500 * DAY_MS }).prefault('400d'),
});

const pace = z
  .strictObject({
    targetMs: number(1, 10_000, false).default(50),
    dutyCycle: number(0.01, 1, false).default(0.25),
    maxBatch: number(1, 100_000, true).default(10_000),
    maxBatchBytes: number(1_000, 10_000_000_000, true).default(16_000_000),
    lockTimeout: durationMs({ minMs: 1, maxMs: 600_000 }).prefault('100ms'),
    statementTimeout: durationMs({ minMs: 1, maxMs: 600_000 }).prefault('5s'),
  })
  .refine((value) => value.lockTimeout < value.statementTimeout, {
    path: ['lockTimeout'],
    error: 'expected a time shorter than statementTimeout',
  });

const options = z.strictObject({
  pool: withMethods<CleanupPool>('connect'),
  name: name.default('default'),
  policies: z
    .record(name, policy, { error: 'expected an object of policies by name' })
    .refine((value) => Object.keys(value).length > 0, { error: 'expected at least one policy' }),
  holds: list(hold, 'expected a list of holds').default([]),
  pace: pace.prefault({}),
  throttle: list(withMethods<Throttle>('check'), 'expected a list of throttles').default([]),
  history: history.prefault({}),
  onEvent: callable<(event: CleanupEvent) => void>().optional(),
  logger: withMethods<CleanupLogger>('info', 'warn', 'error').default(SILENT),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').default(systemClock),
  random: callable<() => number>().default(() => Math.random),
});

const planOptions = z.strictObject({ policies: names, signal });

const statusOptions = z.strictObject({
  policies: names,
  overdueAfter: durationMs({ minMs: 60_000, maxMs: 36_500 * DAY_MS }).prefault('48h'),
  signal,
});
const said = z.string({ error: 'expected a text' }).min(1).max(500).optional();
const stopOptions = z.strictObject({ by: said, reason: said, signal });
const undoOptions = z.strictObject({ signal });
const INTO = "expected the name of a table, or { 'schema.table': 'another' }";
const restoreOptions = z.strictObject({
  policy: z.string({ error: 'expected the name of a policy' }).optional(),
  into: z.union([tablePath, z.record(z.string(), tablePath)], { error: INTO }).optional(),
  from: z.string({ error: 'expected a directory' }).min(1, 'expected a directory').optional(),
  signal,
});

/** The part of a plan that a run relies on; it may have been through JSON. */
const reviewedPlan = z.object({
  policies: z.record(
    z.string(),
    z.object({
      hash: z.string(),
      share: z.number().nullable(),
      cutOff: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    }),
  ),
});

const budget = z.strictObject({
  time: durationMs({ minMs: 1, maxMs: 36_500 * DAY_MS }).optional(),
  rows: number(1, Number.MAX_SAFE_INTEGER, true).optional(),
});
const runOptions = z.strictObject({
  plan: z
    .custom<CleanupPlan>((value) => reviewedPlan.safeParse(value).success, {
      error: 'expected what plan() returned',
    })
    .optional(),
  accept: z.string({ error: 'expected the hash of a plan' }).min(1).optional(),
  policies: names,
  budget: budget.prefault({}),
  signal,
});

/** Fails to compile when a schema and the public type beside it have come apart. */
type Agree<Pair extends readonly [unknown, unknown]> = [Pair[0]] extends [Pair[1]]
  ? [Pair[1]] extends [Pair[0]]
    ? [keyof Pair[0], keyof Pair[1]] extends [keyof Pair[1], keyof Pair[0]]
      ? true
      : 'a key is missing'
    : 'the schema takes less'
  : 'the schema takes more';
const agreement: readonly [
  Agree<[Omit<z.input<typeof options>, 'policies'>, Omit<CleanupOptions, 'policies'>]>,
  Agree<[z.input<typeof hold>, Hold]>,
  Agree<[z.input<typeof history>, HistoryOptions]>,
  Agree<[z.input<typeof pace>, Pace]>,
  Agree<[z.input<typeof planOptions>, PlanOptions]>,
  Agree<[z.input<typeof runOptions>, RunOptions]>,
  Agree<[z.input<typeof budget>, Budget]>,
  Agree<[z.input<typeof statusOptions>, StatusOptions]>,
  Agree<[z.input<typeof stopOptions>, StopOptions]>,
  Agree<[z.input<typeof undoOptions>, UndoOptions]>,
  Agree<[z.input<typeof restoreOptions>, RestoreOptions]>,
] = [true, true, true, true, true, true, true, true, true, true, true];
void agreement;

/** @throws InvalidOptionsError */
export function parseOptions(input: unknown): Settings {
  const parsed = parse(options, input, { of: 'createCleanup', secretKeys: ['pool'] });
  const { targetMs, dutyCycle, maxBatch, maxBatchBytes } = parsed.pace;
  return {
    pool: parsed.pool,
    name: parsed.name,
    policies: parsed.policies,
    holds: parsed.holds.map(({ table, on, active }) => ({ table, on: Object.entries(on), active })),
    pace: {
      targetMs,
      dutyCycle,
      maxBatch,
      maxBatchBytes,
      lockTimeoutMs: parsed.pace.lockTimeout,
      statementTimeoutMs: parsed.pace.statementTimeout,
    },
    throttles: parsed.throttle,
    history: { schema: parsed.history.schema, keepMs: parsed.history.keep },
    onEvent: parsed.onEvent,
    logger: parsed.logger,
    clock: parsed.clock,
    random: parsed.random,
  };
}

/** Policies to look at, undefined for all, and what ends it. */
interface Wanted {
  readonly policies?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws InvalidOptionsError */
export function parsePlanOptions(input: unknown): Wanted {
  return parse(planOptions, input, { of: 'cleanup.plan' });
}

/** @throws InvalidOptionsError */
export function parseStatusOptions(input: unknown): Wanted & { readonly overdueAfterMs: number } {
  const { overdueAfter, ...wanted } = parse(statusOptions, input, { of: 'cleanup.status' });
  return { ...wanted, overdueAfterMs: overdueAfter };
}

/** @throws InvalidOptionsError */
export function parseStopOptions(input: unknown): StopOptions {
  return parse(stopOptions, input, { of: 'cleanup.stop' });
}

/** @throws InvalidOptionsError */
export function parseUndoOptions(input: unknown): UndoOptions {
  return parse(undoOptions, input, { of: 'cleanup.undo' });
}

/** @throws InvalidOptionsError */
export function parseRestoreOptions(input: unknown): RestoreOptions {
  return parse(restoreOptions, input, { of: 'cleanup.restore' });
}

/** @throws InvalidOptionsError */
export function parseRunOptions(input: unknown): RunSettings {
  const parsed = parse(runOptions, input, { of: 'cleanup.run' });
  return {
    plan: parsed.plan,
    accept: parsed.accept,
    policies: parsed.policies,
    budgetMs: parsed.budget.time ?? Infinity,
    budgetRows: parsed.budget.rows ?? Infinity,
    signal: parsed.signal,
  };
}
