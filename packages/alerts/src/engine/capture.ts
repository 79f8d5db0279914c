import type { Labels } from '../alert.ts';

/** What was reported, as it came: cleaned, fingerprinted and given to the rules later. */
export interface Capture {
  readonly type: 'error' | 'outcome' | 'beat';
  /** By the steady time of this process; of the last, where it stands for many. */
  readonly atMs: number;
  readonly count: number;
  readonly labels: Labels;
  /** As `describeError` has it; undefined where it stands for errors of many kinds. */
  readonly message: string | undefined;
  readonly isSuccess: boolean;
  readonly isKnownFailure: boolean;
  /** Of a beat. */
  readonly rule: string;
}

/** What waits to be given to the rules; bounded, whatever is thrown at it in one turn. */
export interface Intake {
  push(capture: Capture): void;
  take(): readonly Capture[];
  readonly size: number;
  /** Events whose message, exact time or labels were given up for lack of room. */
  readonly coarsenedCount: number;
}

/** Beyond this many in one turn, those with equal labels within 10 ms become one. */
const MAX_EXACT_COUNT = 1_000;
/** Beyond this many, labels are given up as well. */
const MAX_COUNT = 2_000;
const COARSE_MS = 10;
const NO_LABELS: Labels = Object.freeze({});

interface Held extends Capture {
  atMs: number;
  count: number;
}

export function createIntake(): Intake {
  let held: Held[] = [];
  /** The one that takes more of its kind, by kind and labels; only under a flood. */
  let coarse = new Map<string, Map<Labels, { readonly sinceMs: number; readonly held: Held }>>();
  let coarsenedCount = 0;

  function pushCoarse(capture: Capture): void {
    coarsenedCount += capture.count;
    const labels = held.length < MAX_COUNT ? capture.labels : NO_LABELS;
    const { type, isSuccess, isKnownFailure, rule } = capture;
    const kind = `${type} ${isSuccess} ${isKnownFailure} ${rule}`;
    const byLabels = coarse.get(kind) ?? new Map<Labels, { sinceMs: number; held: Held }>();
    coarse.set(kind, byLabels);
    const known = byLabels.get(labels);
    const isFull = held.length >= MAX_COUNT;
    if (known !== undefined && (isFull || capture.atMs - known.sinceMs < COARSE_MS)) {
      known.held.atMs = capture.atMs;
      known.held.count += capture.count;
      return;
    }
    const one: Held = { ...capture, labels, message: undefined };
    byLabels.set(labels, { sinceMs: one.atMs, held: one });
    held.push(one);
  }

  return {
    push(capture) {
      const last = held.at(-1);
      if (last !== undefined && isSame(last, capture)) last.count += capture.count;
      else if (held.length < MAX_EXACT_COUNT) held.push({ ...capture });
      else pushCoarse(capture);
    },
    take() {
      const taken = held;
      held = [];
      if (coarse.size > 0) coarse = new Map();
      return taken;
    },
    get size() {
      return held.length;
    },
    get coarsenedCount() {
      return coarsenedCount;
    },
  };
}

/** In the same millisecond, and in all that a rule can see. */
function isSame(one: Capture, other: Capture): boolean {
  return (
    Math.floor(one.atMs) === Math.floor(other.atMs) &&
    one.labels === other.labels &&
    one.type === other.type &&
    one.isSuccess === other.isSuccess &&
    one.isKnownFailure === other.isKnownFailure &&
    one.rule === other.rule &&
    one.message === other.message
  );
}
