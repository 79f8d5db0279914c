import { expect } from 'vitest';

/** An operation that never settles and ignores its signal. */
export const never = (): Promise<never> => new Promise(() => {});

/** The error of a promise that must reject. */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved with ${String(value)}`),
    (error: unknown) => error,
  );
}

/** What `promise` has come to by now, without waiting. */
export function watch(promise: Promise<unknown>): {
  readonly error?: unknown;
  readonly value?: unknown;
} {
  const seen: { error?: unknown; value?: unknown } = {};
  void (async () => {
    try {
      seen.value = await promise;
    } catch (error) {
      seen.error = error;
    }
  })();
  return seen;
}

/** A promise that the test settles. */
export function gate<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
