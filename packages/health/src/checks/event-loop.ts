import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { callable, durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import type { Measurement } from '../measurement.ts';
import { codeOf, judge, type Thresholds, thresholdFaults } from '../thresholds.ts';

/** The part of Node's `IntervalHistogram` that is used; in nanoseconds. */
export interface DelayHistogram {
  enable(): boolean;
  disable(): boolean;
  reset(): void;
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  percentile(percentile: number): number;
}

/** Options of {@link eventLoop}. */
export interface EventLoopOptions extends CheckPolicy {
  /**
   * Delay from which it warns. 100 ms is what a person notices.
   * @default '100ms'
   */
  readonly warn?: Duration | undefined;
  /**
   * Delay from which it fails. 1 s is how long a kubelet waits for a probe.
   * @default '1s'
   */
  readonly fail?: Duration | undefined;
  /**
   * Which delay counts: the longest, that of the slowest hundredth of the turns, or the mean. One
   * long pause is in `max` only; a loop that is always late is in all of them.
   * @default 'p99'
   */
  readonly statistic?: 'max' | 'p99' | 'mean' | undefined;
  /** Makes what measures. Default: `perf_hooks.monitorEventLoopDelay`. */
  readonly monitor?: ((options: { readonly resolution: number }) => DelayHistogram) | undefined;
  /** Default: the real time. */
  readonly clock?: Pick<Clock, 'monotonic'> | undefined;
}

const delay = durationMs({ isMinExcluded: true }).optional();

const schema = z.strictObject({
  ...checkPolicy,
  warn: delay,
  fail: delay,
  statistic: z.enum(['max', 'p99', 'mean']).optional(),
  monitor: callable<NonNullable<EventLoopOptions['monitor']>>().optional(),
  clock: withMethods<Pick<Clock, 'monotonic'>>('monotonic').optional(),
} satisfies Shape<EventLoopOptions>);

/** Node's own default; 100 wake-ups a second, which take 0.6 % of a core. */
const RESOLUTION_MS = 10;

/**
 * By how much the event loop was late, since the last attempt. The first attempt begins to measure
 * and passes. It is about this process alone, so it may be in `live`; a loop that does not turn at
 * all answers no probe, and that is for the prober's time limit to notice.
 *
 * Codes: `threshold`. Measuring does not keep the process alive, and ends with `stop()`.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function eventLoop(options: EventLoopOptions = {}): CheckSpec {
  const {
    fail = 1_000,
    warn = Math.min(fail, 100),
    statistic = 'p99',
    monitor = monitorEventLoopDelay,
    clock = systemClock,
    ...policy
  } = parseOptions(schema, options, { of: 'eventLoop', further: thresholdFaults });
  let histogram: DelayHistogram | undefined;
  let lookedAt = 0;

  function start(): Measurement {
    histogram = monitor({ resolution: RESOLUTION_MS });
    histogram.enable();
    lookedAt = clock.monotonic();
    return { measurement: 'delay', message: 'measuring from now on' };
  }

  return {
    kind: 'system',
    ...policy,
    run: async ({ signal }) => {
      if (histogram === undefined) return start();
      await turns();
      signal.throwIfAborted();
      const now = clock.monotonic();
      const delays = delaysIn(histogram, now - lookedAt);
      histogram.reset();
      lookedAt = now;
      return measure(delays, statistic, { warn, fail });
    },
    close: () => {
      histogram?.disable();
      histogram = undefined;
    },
  };
}

/**
 * Lets the timers run twice. What blocked the loop is counted by a timer, and an attempt that comes
 * out of the same turn as the block would look, and reset, before it: the block would be lost.
 */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Delays = Readonly<Record<'max' | 'p99' | 'mean', number>>;

/**
 * In milliseconds. The histogram has the time between two timers, so a loop that is on time shows
 * the resolution. It leaves out the first one after a reset: with none at all the loop has not
 * turned since, so all of that time is the delay.
 */
function delaysIn(histogram: DelayHistogram, sinceMs: number): Delays {
  const over = (ms: number): number => Math.max(0, ms - RESOLUTION_MS);
  if (histogram.count === 0) {
    const all = over(sinceMs);
    return { max: all, p99: all, mean: all };
  }
  return {
    max: over(histogram.max / 1e6),
    p99: over(histogram.percentile(99) / 1e6),
    mean: over(histogram.mean / 1e6),
  };
}

function measure(
  delays: Delays,
  statistic: 'max' | 'p99' | 'mean',
  thresholds: Thresholds,
): Measurement {
  const status = judge(delays[statistic], thresholds);
  const [mean, p99, max] = [delays.mean, delays.p99, delays.max].map((ms) => ms.toFixed(1));
  return {
    measurement: 'delay',
    value: Math.round(delays[statistic] * 10) / 10,
    unit: 'ms',
    status,
    code: codeOf(status),
    message: `late by ${mean} ms (mean), ${p99} ms (p99), ${max} ms (max)`,
  };
}
