/** What is watched: a value that is another whenever its version is. */
export interface Watched<T> {
  version(): number;
  current(): T;
  /** After the end there is no other version. */
  isEnded(): boolean;
  /** Called after every change, and at the end. Gives back what ends it. */
  subscribe(wake: () => void): () => void;
}

/**
 * The present value at once, then the newest whenever it has changed since the one before. Nothing
 * is queued: the value is taken when the consumer asks, so a slow one misses what came and went
 * meanwhile. Ends with what is watched, after the last value, and at once when `signal` is aborted.
 */
export function watch<T>(watched: Watched<T>, signal: AbortSignal | undefined): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => createIterator(watched, signal) };
}

/** Not a generator: its `return()` would wait for a change that may never come. */
function createIterator<T>(
  watched: Watched<T>,
  signal: AbortSignal | undefined,
): AsyncIterator<T, undefined> {
  const waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  let seenVersion: number | undefined;
  let isDone = false;
  let unsubscribe: (() => void) | undefined;

  const isNew = (): boolean => watched.version() !== seenVersion;

  function letGo(): void {
    unsubscribe?.();
    signal?.removeEventListener('abort', finish);
  }
  function finish(): void {
    isDone = true;
    letGo();
    for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
  }
  function serve(): void {
    while (waiting.length > 0 && isNew()) {
      seenVersion = watched.version();
      waiting.shift()?.({ done: false, value: watched.current() });
    }
    if (!watched.isEnded()) return;
    // Whoever is slow still gets the last value, but nothing is kept for them until then.
    if (isNew()) letGo();
    else finish();
  }
  function begin(): void {
    unsubscribe = watched.subscribe(serve);
    signal?.addEventListener('abort', finish, { once: true });
  }

  return {
    next: () =>
      new Promise((resolve) => {
        if (signal?.aborted === true) finish();
        if (isDone) {
          resolve({ done: true, value: undefined });
          return;
        }
        if (unsubscribe === undefined) begin();
        waiting.push(resolve);
        serve();
      }),
    return: async () => {
      finish();
      return { done: true, value: undefined };
    },
  };
}
