import type { Clock } from '@ops/timeout';

/** The server's time, as far as this process knows. */
export interface ServerClock {
  /** Whole milliseconds since 1970, rounded up; never goes back (but see {@link serverClock}). */
  now(): number;
  /** Whether the server has answered yet. */
  readonly isKnown: boolean;
  /**
   * Takes in what the server said the time was, somewhere between two readings of the local
   * monotonic clock.
   */
  observe(serverMs: number, sentAtMs: number, receivedAtMs: number): void;
}

/** What one answer says about the distance between the two clocks. */
interface Sample {
  readonly offsetMs: number;
  /** The distance differed from `offsetMs` by this much at most. */
  readonly errorMs: number;
  readonly takenAtMs: number;
}

/** A quartz clock gains or loses at most this much; NTP slews no faster than 500 millionths. */
const DRIFT = 0.0005;
/** What the rounding of the two clocks can add up to. */
const SLACK_MS = 2;

/**
 * The local monotonic clock plus its distance from the server's, so a wrong or jumping wall clock of
 * this machine changes nothing. Of two answers the one that took less time is believed, until drift
 * may have added more to its error than the other's is: it is off by half of its round trip at most.
 * An answer that contradicts the belief means that the server's clock was set, or that it is another
 * server: it is believed at once.
 *
 * When the server's time turns out to be earlier than what was said, time goes on at half its speed
 * until they meet: it neither goes back nor stands still. There is one exception: before the first
 * answer it is this machine's wall clock, which may be an hour ahead, and then it goes back once.
 */
export function serverClock(clock: Clock): ServerClock {
  const startedAtMs = clock.monotonic();
  let best: Sample = {
    offsetMs: clock.now() - startedAtMs,
    errorMs: Number.POSITIVE_INFINITY,
    takenAtMs: startedAtMs,
  };
  let saidMs = Number.NEGATIVE_INFINITY;
  let saidAtMs = startedAtMs;

  const errorAt = (sample: Sample, atMs: number): number =>
    sample.errorMs + Math.max(0, atMs - sample.takenAtMs) * DRIFT;

  const read = (atMs: number): number => {
    const elapsedMs = Math.max(0, atMs - saidAtMs);
    saidMs = Math.max(atMs + best.offsetMs, saidMs + elapsedMs / 2);
    saidAtMs = Math.max(atMs, saidAtMs);
    return Math.ceil(saidMs);
  };

  return {
    now: () => read(clock.monotonic()),
    get isKnown() {
      return best.errorMs < Number.POSITIVE_INFINITY;
    },
    observe(serverMs, sentAtMs, receivedAtMs) {
      const errorMs = Math.max(0, receivedAtMs - sentAtMs) / 2;
      const sample: Sample = {
        offsetMs: serverMs - (sentAtMs + receivedAtMs) / 2,
        errorMs,
        takenAtMs: receivedAtMs,
      };
      const believedMs = errorAt(best, receivedAtMs);
      const isContradiction =
        Math.abs(sample.offsetMs - best.offsetMs) > errorMs + believedMs + SLACK_MS;
      if (best.errorMs === Number.POSITIVE_INFINITY) {
        saidMs = Number.NEGATIVE_INFINITY;
        best = sample;
      } else if (isContradiction || errorMs <= believedMs) {
        best = sample;
      }
      // It was that late when the server answered, so it is no earlier now.
      read(receivedAtMs);
      saidMs = Math.max(saidMs, serverMs);
    },
  };
}
