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
  severityPart,
  splitParts,
} from './rule-options.ts';

/** Options of `firstSeen()`. */
export interface FirstSeenOptions
  extends CommonRuleOptions,
    FilterOptions,
    Pick<SplitOptions, 'maxSeries'> {
  /**
   * A kind of error that did not come for this long is news again.
   * @default '7d'
   */
  readonly regressionAfter?: Duration | undefined;
  /**
   * How long such an alert is shown as active.
   * @default '1h'
   */
  readonly visibleFor?: Duration | undefined;
  /**
   * For how much longer than `visibleFor` it is shown.
   * @default 0
   */
  readonly keepFiringFor?: Duration | undefined;
  /**
   * How many kinds are remembered, from 1 to 10,000.
   * @default 1000
   */
  readonly maxSeries?: number | undefined;
  /** @default 'low' */
  readonly severity?: Severity | undefined;
}

/** Exported for the test that holds it equal to {@link FirstSeenOptions}. */
export const firstSeenSchema: z.ZodObject<
  {
    regressionAfter: z.ZodOptional<z.ZodType<number, Duration>>;
    visibleFor: z.ZodOptional<z.ZodType<number, Duration>>;
    severity: z.ZodOptional<z.ZodType<Severity, Severity>>;
    maxSeries: z.ZodOptional<z.ZodType<number, number>>;
  } & typeof commonParts &
    typeof filterParts,
  z.core.$strict
> = z
  .strictObject({
    regressionAfter: time().optional(),
    visibleFor: time().optional(),
    severity: severityPart,
    ...commonParts,
    ...filterParts,
    maxSeries: splitParts.maxSeries,
  })
  .superRefine(({ for: forMs = 0, visibleFor = 3_600_000 }, context) => {
    if (forMs < visibleFor) return;
    const message = `could never fire: it is over after visibleFor (${visibleFor} ms); expected less`;
    context.addIssue({ code: 'custom', path: ['for'], message, input: forMs });
  });

function time(): z.ZodType<number, Duration> {
  return durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER });
}
