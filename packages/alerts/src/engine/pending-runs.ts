import type { RuleEvent } from '../rule.ts';

/** An event as rules see it, but for its time and count: the same object for equal events. */
export type EventKind = RuleEvent & { readonly atMs: 0; readonly count: 1 };

/** Equal events at one time. */
export interface Run {
  readonly kind: EventKind;
  /** By the steady time of this process; of the last. */
  readonly atMs: number;
  readonly count: number;
  /** The first commit that they were part of; undefined: none yet. */
  readonly number: number | undefined;
}

/**
 * Events of one series that its document does not hold yet.
 *
 * Every commit holds all of them, so when the document says that a commit of this replica was applied,
 * those whose first commit was no later are in it. That is how a commit without an answer is found out
 * about; events of different first commits are therefore never joined.
 */
export interface PendingRuns {
  readonly runs: readonly Run[];
  add(kind: EventKind, atMs: number, count: number): void;
  /** What comes now is a run of its own. */
  fence(): void;
  /** They are now part of the commit. */
  seal(number: number): void;
  /** The document holds this commit. */
  drop(throughNumber: number): void;
  /** Nobody wants them. */
  clear(): void;
  /** No commit is under way any more: none that was not seen will be. */
  unseal(): void;
  /** Joins neighbours until there are at most this many, and says how many events lost their exact time. */
  shrink(maxCount: number): number;
}

/** How far apart events may be to be joined, in turn; beyond that all of one kind are. */
const COARSE_MS = [10, 100, 1_000, 10_000, 60_000, Infinity];

export function createPendingRuns(): PendingRuns {
  let runs: Run[] = [];
  let isFenced = false;
  return {
    get runs() {
      return runs;
    },
    add(kind, atMs, count) {
      const last = runs.at(-1);
      const isJoined =
        !isFenced &&
        last?.number === undefined &&
        last?.kind === kind &&
        Math.floor(last.atMs) === Math.floor(atMs);
      if (isJoined) runs[runs.length - 1] = { ...last, count: last.count + count };
      else runs.push({ kind, atMs, count, number: undefined });
      isFenced = false;
    },
    fence() {
      isFenced = true;
    },
    seal(number) {
      runs = runs.map((run) => (run.number === undefined ? { ...run, number } : run));
    },
    drop(throughNumber) {
      runs = runs.filter((run) => run.number === undefined || run.number > throughNumber);
    },
    clear() {
      runs = [];
    },
    unseal() {
      runs = runs.map((run) => (run.number === undefined ? run : { ...run, number: undefined }));
    },
    shrink(maxCount) {
      const before = runs;
      for (const withinMs of COARSE_MS) {
        if (runs.length <= maxCount) break;
        runs = joined(runs, withinMs);
      }
      // What is left are more kinds than there is room for: labels and fingerprints are given up. So is
      // the order of commits without an answer: rather counted twice than not at all.
      if (runs.length > maxCount) {
        const number = Math.max(...runs.map((run) => run.number ?? 0)) || undefined;
        runs = joined(
          runs.map((run) => ({ ...plain(run), number })),
          Infinity,
        );
      }
      return before === runs ? 0 : eventCount(before) - untouchedCount(before, runs);
    },
  };
}

function joined(runs: readonly Run[], withinMs: number): Run[] {
  const byKind = new Map<string, { run: Run; sinceMs: number }>();
  const ids = new Map<EventKind, number>();
  const done: Run[] = [];
  for (const run of runs) {
    const id = ids.get(run.kind) ?? ids.size;
    ids.set(run.kind, id);
    const key = `${id} ${run.number}`;
    const open = byKind.get(key);
    if (open !== undefined && run.atMs - open.sinceMs < withinMs) {
      const count = open.run.count + run.count;
      open.run = { ...run, count };
    } else {
      if (open !== undefined) done.push(open.run);
      byKind.set(key, { run, sinceMs: run.atMs });
    }
  }
  for (const { run } of byKind.values()) done.push(run);
  return done.toSorted((a, b) => a.atMs - b.atMs);
}

const PLAIN_LABELS = Object.freeze({});
const plainKinds = new Map<string, EventKind>();

function plain(run: Run): Run {
  const { type } = run.kind;
  const isSuccess = run.kind.type === 'outcome' && run.kind.isSuccess;
  const rule = run.kind.type === 'beat' ? run.kind.rule : '';
  const id = `${type} ${isSuccess} ${rule}`;
  const facts = { atMs: 0, count: 1, labels: PLAIN_LABELS } as const;
  const made: EventKind =
    plainKinds.get(id) ??
    (type === 'error'
      ? { type, ...facts }
      : type === 'outcome'
        ? { type, isSuccess, ...facts }
        : { type, rule, ...facts });
  plainKinds.set(id, made);
  return { ...run, kind: made };
}

function eventCount(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.count, 0);
}

function untouchedCount(before: readonly Run[], after: readonly Run[]): number {
  const kept = new Set(after);
  return eventCount(before.filter((run) => kept.has(run)));
}
