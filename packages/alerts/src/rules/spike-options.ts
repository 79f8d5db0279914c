import type { Duration } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import type { Severity } from '../alert.ts';
import {
  type CommonRuleOptions,
  commonParts,
  type FilterOptions,
  filterParts,
  type SplitOptions,
  splitParts,
} from './rule-options.ts';
import {
  checkThresholds,
  type SeverityLadder,
  severityOrLadder,
  threshold,
} from './severity-ladder.ts';

/** Options of `spike()`. */
export interface SpikeOptions extends CommonRuleOptions, FilterOptions, SplitOptions {
  /** Fires at more than this many errors; an integer from 0 to 100,000. */
  readonly over: number;
  /** Length of the sliding window, which an error leaves exactly this long after it came. */
  readonly within: Duration;
  /**
   * A firing alert starts to recover at fewer than this many; an integer from 1 to `over`.
   * @default 80 % of `over`, rounded down, at least 1
   */
  readonly clearBelow?: number | undefined;
  /**
   * How long the count must stay below `clearBelow` before the alert is resolved. 0: at once.
   * @default a quarter of `within`, at least `'5m'`
   */
  readonly keepFiringFor?: Duration | undefined;
  /**
   * One severity, or a ladder by count: `{ medium: 100, high: 200 }` with `over: 100` is medium
   * above 100 and high above 200.
   * @default 'medium'
   */
  readonly severity?: Severity | SeverityLadder | undefined;
}

/** Exported for the test that holds it equal to {@link SpikeOptions}. */
export const spikeSchema: z.ZodObject<
  {
    over: z.ZodType<number, number>;
    within: z.ZodType<number, Duration>;
    clearBelow: z.ZodOptional<z.ZodType<number, number>>;
    severity: z.ZodOptional<z.ZodType<Severity | SeverityLadder, Severity | SeverityLadder>>;
  } & typeof commonParts &
    typeof filterParts &
    typeof splitParts,
  z.core.$strict
> = z
  .strictObject({
    over: threshold,
    within: durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }),
    clearBelow: threshold.optional(),
    severity: severityOrLadder,
    ...commonParts,
    ...filterParts,
    ...splitParts,
  })
  .superRefine((options, context) => checkThresholds(options, context));
