/** Bounds how many writes run, and how many wait for their turn. */
export interface WriteGate {
  /** No place left, not even to wait. */
  readonly isFull: boolean;
  /** Runs `work` in its turn, first come first served; undefined when there is no place. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined;
}

export function createWriteGate(concurrency: number, maxWaiting: number): WriteGate {
  let running = 0;
  const waiting: (() => void)[] = [];

  const leave = (): void => {
    running -= 1;
    waiting.shift()?.();
  };
  const start = async <T>(work: () => Promise<T>): Promise<T> => {
    running += 1;
    try {
      return await work();
    } finally {
      leave();
    }
  };

  return {
    get isFull() {
      return running >= concurrency && waiting.length >= maxWaiting;
    },
    run<T>(work: () => Promise<T>) {
      if (running < concurrency) return start(work);
      if (waiting.length >= maxWaiting) return undefined;
      return new Promise<T>((resolve, reject) => {
        waiting.push(() => {
          start(work).then(resolve, reject);
        });
      });
    },
  };
}
