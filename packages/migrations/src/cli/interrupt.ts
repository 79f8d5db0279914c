import { exitCodeOfSignal } from './exit-code.ts';

export type SignalName = 'SIGINT' | 'SIGTERM';

/** As much of `process` as is used. */
export interface SignalTarget {
  on(event: SignalName, listener: (name: SignalName) => void): unknown;
  off(event: SignalName, listener: (name: SignalName) => void): unknown;
  exit(code: number): void;
}

/** Why a run was aborted. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  constructor(name: SignalName) {
    super(`Interrupted by ${name}`);
    this.exitCode = exitCodeOfSignal(name);
  }
}

/** What there is while signals are listened to. */
export interface Interruptible {
  readonly signal: AbortSignal;
  /** Signals have their ordinary effect again. */
  stop(): void;
}

/**
 * The first SIGINT or SIGTERM aborts: the running statement is cancelled and the lock released. The
 * second one ends the process at once, and leaves that to the server, which notices within 2 s.
 *
 * @param onFirst called with the first one.
 */
export function listenForSignals(
  target: SignalTarget,
  onFirst: (interruption: Interruption) => void,
): Interruptible {
  const controller = new AbortController();
  const onSignal = (name: SignalName): void => {
    if (controller.signal.aborted) {
      target.exit(exitCodeOfSignal(name));
      return;
    }
    const interruption = new Interruption(name);
    onFirst(interruption);
    controller.abort(interruption);
  };
  target.on('SIGINT', onSignal);
  target.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop() {
      target.off('SIGINT', onSignal);
      target.off('SIGTERM', onSignal);
    },
  };
}
