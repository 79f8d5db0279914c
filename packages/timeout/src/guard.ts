import { ownContext } from './call-context.ts';
import { TimeoutError, type TimeoutScope } from './errors.ts';
import type { Context, Environment, Execute, Operation } from './policy.ts';
import { race } from './race.ts';
import { SignalSource } from './signal-source.ts';

/**
 * Settles no later than `limitMs`, the deadline or the abort of the context, by one timer and one
 * listener for all three. Every pipeline has one innermost, so that no other layer needs a timer
 * around what it runs.
 */
export function guard(limitMs: number, next: Execute, { clock, emit }: Environment): Execute {
  return <T>(operation: Operation<T>, given: Context): Promise<T> => {
    const context = ownContext(given);
    const { attempt, deadline, key } = context;
    const parent = context.source.abortable;
    if (parent?.aborted) return Promise.reject(parent.reason as Error);
    // One look at the clock for both limits; it costs as much as a layer.
    const beganMs = deadline.elapsedMs();
    const remainingMs = deadline.totalMs - beganMs;
    const isTotal = remainingMs <= limitMs;
    const elapsedMs = (): number => deadline.elapsedMs() - beganMs;
    const expire = (passedMs: number, attempts = attempt): TimeoutError => {
      const scope: TimeoutScope = isTotal ? 'total' : 'attempt';
      const timeoutMs = isTotal ? deadline.totalMs : limitMs;
      emit?.({ type: 'timeout', key, attempt, scope, timeoutMs });
      return new TimeoutError(scope, timeoutMs, {
        elapsedMs: isTotal ? beganMs + passedMs : passedMs,
        attempts,
      });
    };
    if (remainingMs <= 0) return Promise.reject(expire(0, attempt - 1));
    const source = new SignalSource();
    let running: Promise<T>;
    try {
      running = Promise.resolve(next(operation, context.fork(source)));
    } catch (error) {
      return Promise.reject(error);
    }
    const waitMs = Math.min(limitMs, remainingMs);
    return race(running, { source, parent, limitMs: waitMs, clock, elapsedMs, expire });
  };
}

/** What lies inside the innermost layer: the operation itself. */
export const call: Execute = <T>(operation: Operation<T>, context: Context): Promise<T> =>
  // Not a promise perhaps, but `guard` takes it as it is, and one promise less is one wait less.
  operation(context) as Promise<T>;
