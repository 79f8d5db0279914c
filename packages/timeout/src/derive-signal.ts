/** A signal that follows others until it is let go. */
export interface DerivedSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Aborts this signal alone and lets go of the parents. */
  abort(reason?: unknown): void;
  /** Removes the listeners from the parents; from then on only `abort` aborts. Safe to call twice. */
  dispose(): void;
}

/**
 * A signal that is aborted as soon as one of `parents` is, with the identical reason.
 *
 * Call `dispose` when the work has ended, and nothing is left on the parents. It does what
 * `AbortSignal.any` is for without its faults: that one can lose the abort once its source is
 * collected (Node 24, nodejs/node#65995) and keeps 0.7 to 1.2 kB a call while a parent lives.
 */
export function deriveSignal(...parents: (AbortSignal | null | undefined)[]): DerivedSignal {
  const controller = new AbortController();
  const followed: [AbortSignal, () => void][] = [];
  const dispose = (): void => {
    for (const [parent, follow] of followed.splice(0)) parent.removeEventListener('abort', follow);
  };
  const abort = (reason?: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  for (const parent of parents) {
    if (!parent) continue;
    if (parent.aborted) {
      abort(parent.reason);
      break;
    }
    const follow = (): void => abort(parent.reason);
    parent.addEventListener('abort', follow);
    followed.push([parent, follow]);
  }
  return { signal: controller.signal, abort, dispose, [Symbol.dispose]: dispose };
}
