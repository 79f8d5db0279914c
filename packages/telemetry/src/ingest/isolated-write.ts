import type { Clock } from '@ops/timeout';
import type { EventSink, SinkOutcome } from './sink.ts';
import type { Submission } from './submission-queue.ts';

/** A failed write, and whether it may be one request's fault. */
interface Failure {
  readonly cause: unknown;
  readonly isFast: boolean;
}

/**
 * A write that takes longer than this to fail is taken as the sink's failure, not a request's: to try
 * its parts would hold the place of other writes for as long again.
 */
const FAST_FAILURE_MS = 1_000;

/**
 * Writes the events of several requests together. When the sink rejects the write, the two halves are
 * tried apart: if both fail too, the sink is down, and all requests fail, after three writes however
 * many they are; if one succeeds, the fault is in the other, and is narrowed down to its request. So a
 * sink that rejects whole writes for one bad event fails the request that sent it and, unless two such
 * requests meet, no other.
 *
 * The function never rejects, and settles every submission once.
 */
export function createIsolatedWrite(
  sink: EventSink,
  clock: Pick<Clock, 'monotonic'>,
): (group: readonly Submission[]) => Promise<void> {
  /** Settles all on success, none on failure. */
  const attempt = async (group: readonly Submission[]): Promise<Failure | undefined> => {
    const startedMs = clock.monotonic();
    const events = group.flatMap((submission) => submission.events);
    let outcomes: readonly SinkOutcome[];
    try {
      outcomes = checked(await sink.write(events), events.length);
    } catch (cause) {
      return { cause, isFast: clock.monotonic() - startedMs <= FAST_FAILURE_MS };
    }
    let start = 0;
    for (const submission of group) {
      const end = start + submission.events.length;
      submission.resolve(outcomes.slice(start, end));
      start = end;
    }
    return undefined;
  };
  const fail = (group: readonly Submission[], cause: unknown): void => {
    for (const { reject } of group) reject(cause);
  };
  const narrow = async (group: readonly Submission[], failure: Failure): Promise<void> => {
    if (group.length === 1 || !failure.isFast) return fail(group, failure.cause);
    const middle = Math.ceil(group.length / 2);
    const [left, right] = [group.slice(0, middle), group.slice(middle)];
    const leftFailure = await attempt(left);
    const rightFailure = await attempt(right);
    if (leftFailure && rightFailure) return fail(group, rightFailure.cause);
    if (leftFailure) await narrow(left, leftFailure);
    if (rightFailure) await narrow(right, rightFailure);
  };
  return async (group) => {
    const failure = await attempt(group);
    if (failure) await narrow(group, failure);
  };
}

function checked(outcomes: unknown, expected: number): readonly SinkOutcome[] {
  const count = Array.isArray(outcomes) ? outcomes.length : 'no';
  if (count === expected) {
    return (outcomes as readonly (SinkOutcome | undefined)[]).map(
      (outcome) => outcome ?? { result: 'retry' },
    );
  }
  throw new Error(`The sink gave ${count} outcomes for ${expected} events`);
}
