import { type Clock, systemClock } from '@ops/timeout';
import { callable, durationMs, parseOptions as parse, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { CleanupPool } from './database.ts';
import type { CleanupEvent } from './events.ts';
import { parseIdentifierPath, quoteIdentifier } from './identifier.ts';
import type {
  Budget,
  CleanupOptions,
  Pace,
  PlanOptions,
  RunOptions,
  RunSettings,
  Settings,
} from './options.ts';
import type { CleanupPlan } from './plan.ts';
import type { OlderThan, OlderThanPolicy, PolicySafety } from './policy.ts';
import { isFragment, type SqlFragment } from './sql.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function number(min: number, max: number, isWhole: boolean) {
  const expected = `expected a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`;
  const schema = z.number({ error: expected }).min(min, expected).max(max, expected);
  return isWhole ? schema.refine(Number.isInteger, expected) : schema;
}

function name(expected: string, check: (value: string) => unknown) {
  return z.string({ error: expected }).refine(
    (value) => {
      try {
        check(value);
        return true;
      } catch {
        return false;
      }
    },
    { error: expected },
  );
}

const signal = z
  .custom<AbortSignal>((value) => value instanceof AbortSignal, {
    error: 'expected an AbortSignal',
  })
  .optional();

const SHARE = 'expected a number above 0, up to 1';
const ZONE = 'expected the name of a time zone';

const olderThan = z.strictObject({
  column: name('expected the name of a column', quoteIdentifier),
  age: durationMs({ minMs: HOUR_MS, maxMs: 36_500 * DAY_MS }),
  zone: z.string({ error: ZONE }).min(1, ZONE).optional(),
});
const safety = z.strictObject({
  maxShare: z.number({ error: SHARE }).gt(0, SHARE).max(1, SHARE).default(0.5),
});
const policy = z.strictObject({
  table: name(`expected 'table' or 'schema.table', each name at most 63 bytes`, (value) => {
    if (parseIdentifierPath(value).length > 2) throw new TypeError('too many parts');
  }),
  olderThan,
  where: z
    .custom<SqlFragment>(isFragment, { error: 'expected a fragment made by sql`…`' })
    .optional(),
  safety: safety.prefault({}),
});

const pace = z
  .strictObject({
    targetMs: number(1, 10_000, false).default(50),
    dutyCycle: number(0.01, 1, false).default(0.25),
    maxBatch: number(1, 100_000, true).default(10_000),
    lockTimeout: durationMs({ minMs: 1, maxMs: 600_000 }).prefault('100ms'),
    statementTimeout: durationMs({ minMs: 1, maxMs: 600_000 }).prefault('5s'),
  })
  .refine((value) => value.lockTimeout < value.statementTimeout, {
    path: ['lockTimeout'],
    error: 'expected a time shorter than statementTimeout',
  });

const options = z.strictObject({
  pool: withMethods<CleanupPool>('connect'),
  policies: z
    .record(
      z
        .string()
        .regex(/^[a-z][\w-]*$/i, 'expected a name of a letter, then letters, digits, _ and -'),
      policy,
      { error: 'expected an object of policies by name' },
    )
    .refine((value) => Object.keys(value).length > 0, { error: 'expected at least one policy' }),
  pace: pace.prefault({}),
  onEvent: callable<(event: CleanupEvent) => void>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').default(systemClock),
});

const planOptions = z.strictObject({ signal });

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
  Agree<[z.input<typeof options>, CleanupOptions]>,
  Agree<[z.input<typeof policy>, OlderThanPolicy]>,
  Agree<[z.input<typeof olderThan>, OlderThan]>,
  Agree<[z.input<typeof safety>, PolicySafety]>,
  Agree<[z.input<typeof pace>, Pace]>,
  Agree<[z.input<typeof planOptions>, PlanOptions]>,
  Agree<[z.input<typeof runOptions>, RunOptions]>,
  Agree<[z.input<typeof budget>, Budget]>,
] = [true, true, true, true, true, true, true, true];
void agreement;

/** @throws InvalidOptionsError */
export function parseOptions(input: unknown): Settings {
  const parsed = parse(options, input, { of: 'createCleanup', secretKeys: ['pool'] });
  const { targetMs, dutyCycle, maxBatch, lockTimeout, statementTimeout } = parsed.pace;
  return {
    pool: parsed.pool,
    policies: Object.fromEntries(
      Object.entries(parsed.policies).map(
        ([
          key,
          {
            table,
            where,
            safety: { maxShare },
            ...each
          },
        ]) => {
          const { column, age, zone } = each.olderThan;
          return [key, { table, column, ageMs: age, zone, where, maxShare }];
        },
      ),
    ),
    pace: {
      targetMs,
      dutyCycle,
      maxBatch,
      lockTimeoutMs: lockTimeout,
      statementTimeoutMs: statementTimeout,
    },
    onEvent: parsed.onEvent,
    clock: parsed.clock,
  };
}

/** @throws InvalidOptionsError */
export function parsePlanOptions(input: unknown): { readonly signal: AbortSignal | undefined } {
  return { signal: parse(planOptions, input, { of: 'cleanup.plan' }).signal };
}

/** @throws InvalidOptionsError */
export function parseRunOptions(input: unknown): RunSettings {
  const parsed = parse(runOptions, input, { of: 'cleanup.run' });
  return {
    plan: parsed.plan,
    budgetMs: parsed.budget.time ?? Infinity,
    budgetRows: parsed.budget.rows ?? Infinity,
    signal: parsed.signal,
  };
}
