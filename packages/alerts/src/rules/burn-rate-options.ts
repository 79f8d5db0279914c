import type { Duration } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import { SEVERITIES, type Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import {
  type CommonRuleOptions,
  commonParts,
  type FilterOptions,
  filterParts,
  type SplitOptions,
  splitParts,
} from './rule-options.ts';

/** Two windows that are looked at together: the long one says it matters, the short one that it still goes on. */
export interface BurnWindow {
  /** From `'1m'` to `'30d'`. */
  readonly long: Duration;
  /** At least `'10s'`, shorter than `long`. A twelfth of it is usual. */
  readonly short: Duration;
  /**
   * Fires when in both windows the budget burns faster than this many times the rate at which it
   * would just last: 14.4 for an hour is 2 % of a budget of 30 days.
   */
  readonly factor: number;
  readonly severity: Severity;
}

/** Options of `burnRate()`. */
export interface BurnRateOptions extends CommonRuleOptions, FilterOptions, SplitOptions {
  /** The share of calls that should succeed; above 0 and below 1. The rest is the error budget. */
  readonly objective: number;
  /**
   * With fewer calls in its long window a pair says nothing; an integer from 1 to 1,000,000.
   * @default 100
   */
  readonly minEvents?: number | undefined;
  /**
   * From 1 to 4 pairs.
   * @default Google's (SRE workbook, chapter 5): critical at 14.4 × for 1h and 5m, high at 6 × for
   * 6h and 30m, low at 1 × for 3d and 6h
   */
  readonly windows?: readonly BurnWindow[] | undefined;
}

/** {@link BurnWindow} in milliseconds. */
export interface BurnPair {
  readonly longMs: number;
  readonly shortMs: number;
  readonly factor: number;
  readonly severity: Severity;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Two of them page and one is for the next working day, in the workbook's words. */
export const GOOGLE_PAIRS: readonly BurnPair[] = [
  { longMs: HOUR_MS, shortMs: 5 * MINUTE_MS, factor: 14.4, severity: 'critical' },
  { longMs: 6 * HOUR_MS, shortMs: 30 * MINUTE_MS, factor: 6, severity: 'high' },
  { longMs: 3 * DAY_MS, shortMs: 6 * HOUR_MS, factor: 1, severity: 'low' },
];

const MAX_PAIR_COUNT = 4;
const MAX_MIN_EVENTS = 1_000_000;
const MIN_EVENTS = `expected an integer from 1 to ${MAX_MIN_EVENTS}`;
const OBJECTIVE =
  'expected a share above 0 and below 1, such as 0.999; with 1 there is no budget to burn';

const windowSchema = z
  .strictObject({
    long: durationMs({ minMs: MINUTE_MS, maxMs: 30 * DAY_MS }),
    short: durationMs({ minMs: 10_000, maxMs: 30 * DAY_MS }),
    factor: z.custom<number>(
      (value) => typeof value === 'number' && value > 0 && Number.isFinite(value),
      { error: 'expected a number above 0' },
    ),
    severity: z.custom<Severity>((value) => SEVERITIES.includes(value as Severity), {
      error: `expected one of ${SEVERITIES.join(', ')}`,
    }),
  })
  .superRefine(({ long, short }, context) => {
    if (short < long) return;
    const message = `expected less than long (${formatDuration(long)})`;
    context.addIssue({ code: 'custom', path: ['short'], message, input: short });
  })
  .transform(
    ({ long, short, factor, severity }): BurnPair => ({
      longMs: long,
      shortMs: short,
      factor,
      severity,
    }),
  );

/** Exported for the test that holds it equal to {@link BurnRateOptions}. */
export const burnRateSchema: z.ZodObject<
  typeof commonParts &
    typeof filterParts &
    typeof splitParts & {
      objective: z.ZodType<number, number>;
      minEvents: z.ZodOptional<z.ZodType<number, number>>;
      windows: z.ZodOptional<z.ZodType<readonly BurnPair[], readonly BurnWindow[]>>;
    },
  z.core.$strict
> = z
  .strictObject({
    ...commonParts,
    ...filterParts,
    ...splitParts,
    objective: z.custom<number>((value) => typeof value === 'number' && value > 0 && value < 1, {
      error: OBJECTIVE,
    }),
    minEvents: z
      .custom<number>(
        (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_MIN_EVENTS,
        { error: MIN_EVENTS },
      )
      .optional(),
    windows: z
      .array(windowSchema)
      .min(1, `expected 1 to ${MAX_PAIR_COUNT} pairs`)
      .max(MAX_PAIR_COUNT, `expected 1 to ${MAX_PAIR_COUNT} pairs`)
      .readonly()
      .optional(),
  })
  .superRefine(({ objective, windows }, context) => {
    const budget = budgetOf(objective);
    for (const [index, pair] of (windows ?? GOOGLE_PAIRS).entries()) {
      if (pair.factor * budget < 1 - 1e-9) continue;
      const { factor, longMs } = pair;
      const least = formatShare(1 - 1 / factor);
      const message =
        `could never fire for ${formatDuration(longMs)}: ${factor} times a budget of` +
        ` ${formatShare(budget)} is not less than all calls; expected ` +
        (factor > 1 ? `an objective above ${least} or a lower factor` : 'a lower factor');
      const [path, input] =
        windows === undefined ? [['objective'], objective] : [['windows', index, 'factor'], factor];
      context.addIssue({ code: 'custom', path, message, input });
    }
  });

/** The share of calls that may fail. Rounded, since 1 - 0.9 is a little less than 0.1. */
export function budgetOf(objective: number): number {
  return Number((1 - objective).toPrecision(12));
}

/** `0.22 %`, `2.2 %`, `12.35 %`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(share < 0.1 ? 2 : 4))} %`;
}
