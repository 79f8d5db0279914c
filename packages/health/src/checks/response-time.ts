import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { durationMs, withMethods } from '@ops/timeout/options';
import type * as z from 'zod';
import type { Measurement } from '../measurement.ts';
import { codeOf, judge } from '../thresholds.ts';

/** What checks take that tell how long the other side took. */
export interface ResponseTimeOptions {
  /** Time from which an answer is too slow, and the check warns with `threshold`. Default: never. */
  readonly warn?: Duration | undefined;
  /** Default: the real time. */
  readonly clock?: Pick<Clock, 'monotonic'> | undefined;
}

/** The shape of {@link ResponseTimeOptions}. */
export const responseTimeOptions: {
  readonly warn: z.ZodOptional<z.ZodType<number, Duration>>;
  readonly clock: z.ZodOptional<
    z.ZodType<Pick<Clock, 'monotonic'>, Pick<Clock, 'monotonic'> | undefined>
  >;
} = {
  warn: durationMs({ isMinExcluded: true }).optional(),
  clock: withMethods<Pick<Clock, 'monotonic'>>('monotonic').optional(),
};

/** Does `work`, which throws unless all is well, and tells how long it took. */
export async function timed(
  work: () => Promise<unknown>,
  {
    warn,
    clock = systemClock,
  }: { warn?: number | undefined; clock?: ResponseTimeOptions['clock'] },
): Promise<Measurement> {
  const startedAt = clock.monotonic();
  await work();
  const tookMs = Math.round(clock.monotonic() - startedAt);
  const status = judge(tookMs, { warn });
  return {
    measurement: 'responseTime',
    value: tookMs,
    unit: 'ms',
    status,
    code: codeOf(status),
    message: status === 'pass' ? undefined : `took ${tookMs} ms, ${warn} ms or more is too slow`,
  };
}
