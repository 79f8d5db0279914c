/** As much of `process` as is used. */
export interface SignalTarget {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** Why the signal was aborted. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** As a shell has it for a program that a signal ended. */
  readonly exitCode: 130 | 143;

  constructor(by: 'SIGINT' | 'SIGTERM') {
    super(`Interrupted by ${by}`);
    this.exitCode = by === 'SIGINT' ? 130 : 143;
  }
}

/**
 * The first signal aborts, so that the batch in progress is finished and the lease given back; after
 * that nobody listens, and a second one ends the process itself. What it had not committed is rolled
 * back then, and the lease ends by itself.
 */
export function listenForSignals(target: SignalTarget): {
  readonly signal: AbortSignal;
  stop(): void;
} {
  const controller = new AbortController();
  const interrupt = (by: 'SIGINT' | 'SIGTERM'): void => {
    stop();
    controller.abort(new Interruption(by));
  };
  const onInt = (): void => interrupt('SIGINT');
  const onTerm = (): void => interrupt('SIGTERM');
  const stop = (): void => {
    target.off('SIGINT', onInt);
    target.off('SIGTERM', onTerm);
  };
  target.on('SIGINT', onInt);
  target.on('SIGTERM', onTerm);
  return { signal: controller.signal, stop };
}

/** The work's result, or a rejection as soon as the signal is aborted; the work then goes on alone. */
export function interruptible<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
