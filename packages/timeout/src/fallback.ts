import { ownContext } from './call-context.ts';
import { defaultEnvironment } from './environment.ts';
import { InvalidOptionsError } from './errors.ts';
import { call, guard } from './guard.ts';
import type { Context, Operation, Policy } from './policy.ts';

/**
 * Answers in place of an error, say from a cache. `handler` gets the error and may throw it on. It is
 * not asked when the caller aborted. It is held to the deadline and the signal like an operation.
 *
 * What it gives must be of the type of the operation it stands in for; the compiler cannot see that.
 *
 * @throws InvalidOptionsError when `handler` is not a function.
 */
export function fallback(handler: (error: unknown, context: Context) => unknown): Policy {
  if (typeof handler !== 'function') {
    throw new InvalidOptionsError('fallback: expected a function of the error');
  }
  return {
    kind: 'fallback',
    wrap: (next, environment = defaultEnvironment) => {
      const answer = guard(Infinity, call, environment);
      return async <T>(operation: Operation<T>, given: Context): Promise<T> => {
        const context = ownContext(given);
        try {
          return await next(operation, context);
        } catch (error) {
          if (context.isAbandoned) throw error;
          environment.emit?.({ type: 'fallback', key: context.key, error });
          return answer((inner) => handler(error, inner) as T | PromiseLike<T>, context);
        }
      };
    },
  };
}
