import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';

/** Options of {@link heartbeat}. */
export interface HeartbeatOptions extends Omit<CheckPolicy, 'every' | 'initialDelay' | 'jitter'> {
  /** How often the worker is to call `beat()`. More than 0. Not a schedule of the check. */
  readonly every: Duration;
  /** How late a beat may be. Default: `every`, so that one may be missed. */
  readonly grace?: Duration | undefined;
  /** Default: the real time. */
  readonly clock?: Pick<Clock, 'monotonic'> | undefined;
}

/** A check that is told of signs of life. */
export interface Heartbeat extends CheckSpec {
  /** The worker got on. Cheap: it reads the clock. */
  beat(): void;
}

const { every: _every, initialDelay: _initialDelay, jitter: _jitter, ...policyShape } = checkPolicy;

const schema = z.strictObject({
  ...policyShape,
  every: durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }),
  grace: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional(),
  clock: withMethods<Pick<Clock, 'monotonic'>>('monotonic').optional(),
} satisfies Shape<HeartbeatOptions>);

/**
 * Whether a worker of this process gets on: it calls `beat()` when it has done a piece of work, or
 * has looked and found none. Fails with `threshold` when the last call is longer ago than `every`
 * and `grace` together. Until the first call the time counts from here, when it is made.
 *
 * Call `beat()` in the loop that does the work, not by a timer of its own, which would go on when
 * the work hangs.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function heartbeat(options: HeartbeatOptions): Heartbeat {
  const {
    every,
    grace = every,
    clock = systemClock,
    ...policy
  } = parseOptions(schema, options, { of: 'heartbeat' });
  let lastAt = clock.monotonic();
  let hasBeaten = false;
  const check: CheckSpec = {
    ...policy,
    run: () => {
      const ageMs = Math.round(clock.monotonic() - lastAt);
      const isLate = ageMs > every + grace;
      return {
        measurement: 'age',
        value: ageMs,
        unit: 'ms',
        status: isLate ? 'fail' : 'pass',
        code: isLate ? 'threshold' : 'ok',
        message: `${hasBeaten ? 'last beat' : 'no beat yet, made'} ${ageMs} ms ago; one is due every ${every} ms, and may be ${grace} ms late`,
      };
    },
  };
  const beat = (): void => {
    lastAt = clock.monotonic();
    hasBeaten = true;
  };
  // Not enumerable, since the options of a check are strict and this is none.
  return Object.defineProperty(check, 'beat', { value: beat }) as Heartbeat;
}
