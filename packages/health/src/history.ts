import { isWorse, type OutcomeCode, type Status } from './status.ts';

/** A stretch of the last 24 hours in which a check showed one status. */
export interface Sample {
  /** Start of its first minute. Minutes are counted from a fixed point, not from the full minute. */
  readonly from: Date;
  /** End of its last minute, so up to a minute ahead for the present one. */
  readonly to: Date;
  /** The worst that was shown in each of its minutes. */
  readonly status: Status;
  readonly code: OutcomeCode;
}

/** What one check showed, for a timeline. */
export interface History {
  add(nowMs: number, status: Status, code: OutcomeCode): void;
  /**
   * Oldest first, the same array until something changes. Between two samples lies a gap where
   * there was no result that could be believed.
   */
  samples(nowMs: number, wallMs: number): readonly Sample[];
}

const MINUTE_MS = 60_000;
const KEPT_MINUTES = 1_440;

interface Span {
  readonly fromMinute: number;
  toMinute: number;
  status: Status;
  code: OutcomeCode;
}

/**
 * Each span has at least one minute of its own, so there are never more than 1,440: some 100 kB for
 * a check that changes every minute, one span for a check that never does. Times are monotonic and
 * turned into dates when asked for, so a jump of the wall clock neither tears nor folds the line.
 *
 * @param holdMs how long a result is believed: a longer silence is a gap.
 */
export function createHistory(holdMs: number): History {
  const spans: Span[] = [];
  let snapshot: readonly Sample[] = [];
  /** The minute at which the snapshot was made; what changes it sets it back. */
  let snapshotMinute = -Infinity;

  function forget(minute: number): void {
    const kept = spans.findIndex(({ toMinute }) => toMinute > minute - KEPT_MINUTES);
    spans.splice(0, kept === -1 ? spans.length : kept);
  }

  function append(minute: number, status: Status, code: OutcomeCode): void {
    const last = spans.at(-1);
    if (last === undefined) {
      spans.push({ fromMinute: minute, toMinute: minute, status, code });
      return;
    }
    if (minute <= last.toMinute) {
      if (!isWorse(status, last.status)) return;
      if (last.fromMinute >= last.toMinute) {
        last.status = status;
        last.code = code;
        return;
      }
      last.toMinute -= 1;
      spans.push({ fromMinute: last.toMinute + 1, toMinute: last.toMinute + 1, status, code });
      return;
    }
    const isHeld = (minute - last.toMinute - 1) * MINUTE_MS <= holdMs;
    if (isHeld && last.status === status && last.code === code) {
      last.toMinute = minute;
      return;
    }
    // A result holds until the next one.
    if (isHeld) last.toMinute = minute - 1;
    spans.push({ fromMinute: minute, toMinute: minute, status, code });
  }

  return {
    add: (nowMs, status, code) => {
      const minute = Math.floor(nowMs / MINUTE_MS);
      append(minute, status, code);
      forget(minute);
      snapshotMinute = -Infinity;
    },
    samples: (nowMs, wallMs) => {
      const minute = Math.floor(nowMs / MINUTE_MS);
      if (minute === snapshotMinute) return snapshot;
      forget(minute);
      const oldest = minute - KEPT_MINUTES + 1;
      const dateOf = (of: number): Date => new Date(wallMs - nowMs + of * MINUTE_MS);
      snapshot = Object.freeze(
        spans.map(({ fromMinute, toMinute, status, code }) =>
          Object.freeze({
            from: dateOf(Math.max(fromMinute, oldest)),
            to: dateOf(toMinute + 1),
            status,
            code,
          }),
        ),
      );
      snapshotMinute = minute;
      return snapshot;
    },
  };
}
