import type { CleanupEvent } from './events.ts';
import type { CleanupReport } from './report.ts';

/** The last item of a stream. */
export interface RunEndedEvent<Name extends string = string> {
  readonly type: 'run-ended';
  readonly report: CleanupReport<Name>;
}

/** Starts a run that tells `onEvent`, and stops when `signal` is aborted. */
export type StartRun = (
  onEvent: (event: CleanupEvent) => void,
  signal: AbortSignal,
) => Promise<CleanupReport>;

/**
 * Events of a run as they come, its report at the end. The run starts when the first one is asked
 * for. It does not wait for a reader that is slow: what is not yet read is kept, some tens of events a
 * second. Whoever leaves the loop early ends the run, and waits until the batch in progress is over.
 *
 * @yields what happens, and `run-ended` at last.
 */
export async function* streamRun(
  start: StartRun,
  signal: AbortSignal | undefined,
): AsyncGenerator<CleanupEvent | RunEndedEvent, void, undefined> {
  const ending = new AbortController();
  const abort = (): void => {
    ending.abort(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  const unread: CleanupEvent[] = [];
  let wake = (): void => {};
  let report: CleanupReport | undefined;
  const run = async (): Promise<void> => {
    report = await start((event) => {
      unread.push(event);
      wake();
    }, ending.signal);
    wake();
  };
  const running = run();
  // Reported by the `await` below; until then it must not count as unhandled.
  running.catch(() => {
    wake();
  });
  try {
    for (;;) {
      yield* unread.splice(0);
      if (report !== undefined) break;
      const failed = await Promise.race([
        new Promise<undefined>((resolve) => {
          wake = () => {
            resolve(undefined);
          };
        }),
        running.then(
          () => undefined,
          (error: unknown) => ({ error }),
        ),
      ]);
      if (failed) throw failed.error;
    }
    yield* unread.splice(0);
    yield { type: 'run-ended', report };
  } finally {
    signal?.removeEventListener('abort', abort);
    ending.abort();
    await running.catch(() => {});
  }
}
