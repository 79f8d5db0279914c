import { ownContext } from './call-context.ts';
import { soonerOf } from './deadline.ts';
import { type Duration, positiveMs } from './duration.ts';
import { defaultEnvironment } from './environment.ts';
import { guard } from './guard.ts';
import type { Policy } from './policy.ts';

/**
 * Limits each attempt. Rejects with a `TimeoutError` of scope `attempt`, or of scope `total` when
 * the deadline came first; the clock starts with the attempt.
 *
 * @throws InvalidOptionsError on a bad duration or 0.
 */
export function timeout(duration: Duration): Policy {
  const limitMs = positiveMs(duration, 'timeout');
  return {
    kind: 'timeout',
    wrap: (next, environment = defaultEnvironment) => guard(limitMs, next, environment),
  };
}

/**
 * Limits the whole of what lies inside, waits between attempts included; the clock starts when the
 * call reaches this layer. Rejects with a `TimeoutError` of scope `total`. A sooner deadline that
 * came from outside stays in force.
 *
 * @throws InvalidOptionsError on a bad duration or 0.
 */
export function deadline(duration: Duration): Policy {
  const totalMs = positiveMs(duration, 'deadline');
  return {
    kind: 'deadline',
    // No timer here: whatever waits inside does not wait longer than the deadline in its context.
    wrap:
      (next, { clock } = defaultEnvironment) =>
      (operation, context) => {
        const call = ownContext(context);
        return next(
          operation,
          call.fork(call.source, call.attempt, soonerOf(call.deadline, totalMs, clock)),
        );
      },
  };
}
