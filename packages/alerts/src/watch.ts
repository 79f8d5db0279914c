import type { Front } from './engine/front.ts';

/**
 * Wraps a function so that each call counts as a success or a failure. `this`, arguments, result,
 * throw and rejection pass through as they are.
 */
export function watched<F extends (...args: never[]) => unknown>(
  front: Front,
  integration: string,
  fn: F,
  labels: object | undefined,
): F {
  const about = { ...labels, integration };
  const failed = (error: unknown, args: readonly unknown[]): void => {
    if (!isAbortedBy(args, error)) front.outcome(false, error, about);
  };
  const wrapper = function (this: unknown, ...args: never[]): unknown {
    let result: unknown;
    try {
      result = Reflect.apply(fn, this, args);
    } catch (error) {
      failed(error, args);
      throw error;
    }
    if (!isThenable(result)) {
      front.outcome(true, undefined, about);
      return result;
    }
    const succeeded = (): void => front.outcome(true, undefined, about);
    if (Object.getPrototypeOf(result) === Promise.prototype) {
      // Not the promise itself: with our handler on it, a rejection that nobody handles would be silent.
      return (result as Promise<unknown>).then(
        (value) => {
          succeeded();
          return value;
        },
        (error: unknown) => {
          failed(error, args);
          throw error;
        },
      );
    }
    // Anything else that can be waited for is given back as it is: it may have methods of its own.
    result.then(succeeded, (error: unknown) => failed(error, args));
    return result;
  };
  Object.defineProperties(wrapper, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
  return wrapper as unknown as F;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return (
      typeof value === 'object' &&
      value !== null &&
      typeof (value as { then?: unknown }).then === 'function'
    );
  } catch {
    return false;
  }
}

/** The caller no longer wanted it: says nothing about the other side. */
function isAbortedBy(args: readonly unknown[], error: unknown): boolean {
  try {
    return args.some((arg) => {
      const signal = signalOf(arg);
      return signal?.aborted === true && (error === signal.reason || isAbortError(error));
    });
  } catch {
    return false;
  }
}

function signalOf(arg: unknown): AbortSignal | undefined {
  if (arg instanceof AbortSignal) return arg;
  if (typeof arg !== 'object' || arg === null || !('signal' in arg)) return undefined;
  return arg.signal instanceof AbortSignal ? arg.signal : undefined;
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'CanceledError');
}
