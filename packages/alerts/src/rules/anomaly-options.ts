import type { Duration } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import type { Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import {
  type CommonRuleOptions,
  commonParts,
  type FilterOptions,
  filterParts,
  type SplitOptions,
  severityPart,
  splitParts,
} from './rule-options.ts';

/** Options of `anomaly()`. */
export interface AnomalyOptions extends CommonRuleOptions, FilterOptions, SplitOptions {
  /**
   * Length of the sliding window in which errors are counted; at least `'1m'`.
   * @default '15m'
   */
  readonly window?: Duration | undefined;
  /** @default 'medium' */
  readonly severity?: Severity | undefined;
  /**
   * The share of the past that counts as usual; above 0.5 and below 1. Nearer to 1 is quieter and
   * finds less.
   * @default 0.998
   */
  readonly quantile?: number | undefined;
  /**
   * After how much running time what was learned weighs half; at least 32 windows, at most `'365d'`.
   * @default '7d'
   */
  readonly halfLife?: Duration | undefined;
  /**
   * Never fires at fewer errors than this, however unusual they are; an integer from 1 to 1,000,000.
   * @default 10
   */
  readonly min?: number | undefined;
  /**
   * How much running time must be learned from before the first alert; until then the verdict is
   * `no-data`. At least 4 windows, at most `'365d'`.
   * @default '24h'
   */
  readonly learning?: Duration | undefined;
}

const DAY_MS = 86_400_000;
const MIN_WINDOW_MS = 60_000;
const MIN_HALF_LIFE_WINDOWS = 32;
const MIN_LEARNING_WINDOWS = 4;
const MAX_FLOOR = 1_000_000;
const FLOOR = `expected an integer from 1 to ${MAX_FLOOR}`;
const QUANTILE = 'expected a share above 0.5 and below 1';

/** The numbers of {@link AnomalyOptions} that its state works with, in milliseconds. */
export interface AnomalyNumbers {
  readonly window: number;
  readonly quantile: number;
  readonly halfLife: number;
  readonly min: number;
  readonly learning: number;
}

/**
 * Chosen with `bench/nab` (`run.ts --grid`): round numbers with neighbours that do as well, on its five
 * series and on the same ones thinned to a half and to a quarter. On the five: windows found of 15,
 * false alarms a series and week, NAB score.
 *
 *   quantile    0.997: 14 0.69 78   0.9975: 14 0.61 79   0.998: 14 0.40 82   0.9985: 12 0.37 70   0.999: 12 0.24 72
 *   half-life   2 d: 14 0.61 79   3 d: 14 0.51 80   5 d: 14 0.45 81   7 d: 14 0.40 82   10 d: 14 0.45 81   14 d: 13 0.56 74
 *   window      10 m: 15 0.67 85   15 m: 14 0.40 82   20 m: 12 0.56 67   30 m: 11 0.29 65
 *   min         1 to 20 alike (1 to 10 with halved counts), 40: 11 0.37 64
 *   learning    6 h to 48 h alike: the benchmark does not score the first days
 *
 * Thinned to a half: 14 0.51 80, to a quarter: 13 0.45 74; quantile 0.999 there: 12 0.32 70 and
 * 10 0.24 59. Chosen on four of the five by the best score, these settings and their neighbours
 * score 75 with 0.43 false alarms on the fifth.
 */
export const ANOMALY_DEFAULTS: AnomalyNumbers = {
  window: 15 * 60_000,
  quantile: 0.998,
  halfLife: 7 * DAY_MS,
  min: 10,
  learning: DAY_MS,
};

/** With the defaults where nothing was given. */
export function anomalyNumbers(
  given: {
    readonly [name in keyof AnomalyNumbers]?: number | undefined;
  },
): AnomalyNumbers {
  return {
    window: given.window ?? ANOMALY_DEFAULTS.window,
    quantile: given.quantile ?? ANOMALY_DEFAULTS.quantile,
    halfLife: given.halfLife ?? ANOMALY_DEFAULTS.halfLife,
    min: given.min ?? ANOMALY_DEFAULTS.min,
    learning: given.learning ?? ANOMALY_DEFAULTS.learning,
  };
}

/** Exported for the test that holds it equal to {@link AnomalyOptions}. */
export const anomalySchema: z.ZodObject<
  typeof commonParts &
    typeof filterParts &
    typeof splitParts & {
      window: z.ZodOptional<z.ZodType<number, Duration>>;
      severity: typeof severityPart;
      quantile: z.ZodOptional<z.ZodType<number, number>>;
      halfLife: z.ZodOptional<z.ZodType<number, Duration>>;
      min: z.ZodOptional<z.ZodType<number, number>>;
      learning: z.ZodOptional<z.ZodType<number, Duration>>;
    },
  z.core.$strict
> = z
  .strictObject({
    ...commonParts,
    ...filterParts,
    ...splitParts,
    window: durationMs({ minMs: MIN_WINDOW_MS, maxMs: 7 * DAY_MS }).optional(),
    severity: severityPart,
    quantile: z
      .custom<number>((value) => typeof value === 'number' && value > 0.5 && value < 1, {
        error: QUANTILE,
      })
      .optional(),
    halfLife: durationMs({ maxMs: 365 * DAY_MS }).optional(),
    min: z
      .custom<number>(
        (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_FLOOR,
        { error: FLOOR },
      )
      .optional(),
    learning: durationMs({ maxMs: 365 * DAY_MS }).optional(),
  })
  .superRefine((given, context) => {
    const { window, halfLife, learning } = anomalyNumbers(given);
    const atLeast = (path: string, input: number, windowCount: number): void => {
      const leastMs = windowCount * window;
      if (input >= leastMs) return;
      const message =
        `too short to know what is usual: expected at least ${formatDuration(leastMs)},` +
        ` ${windowCount} windows of ${formatDuration(window)}`;
      context.addIssue({ code: 'custom', path: [path], message, input });
    };
    atLeast('halfLife', halfLife, MIN_HALF_LIFE_WINDOWS);
    atLeast('learning', learning, MIN_LEARNING_WINDOWS);
  });
