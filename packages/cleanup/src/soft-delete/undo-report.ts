/** What `undo()` did with the rows that a run had marked. */
export interface UndoReport extends UndoCounts {
  readonly runId: string;
  /**
   * Every row that is still as the run marked it, and within its time, has been given back. Rows
   * that were changed since, that are gone, or whose time is over are no fault.
   */
  readonly ok: boolean;
  readonly durationMs: number;
  /** Policies of the run that marked rows. */
  readonly policies: Readonly<Record<string, PolicyUndo>>;
}

/** Counts of rows. Together they are all that the run marked. */
export interface UndoCounts {
  /** Given back now: the marked columns hold what they held before, the others what they hold. */
  readonly undone: number;
  /** Given back by an earlier call, or by one at the same time. */
  readonly undoneBefore: number;
  /** Left alone: somebody has changed a marked column since. */
  readonly changedSince: number;
  /** Gone: purged, or deleted by somebody else. */
  readonly alreadyPurged: number;
  /** Still marked, but `purgeAfter` has passed since the run: the next run deletes them. */
  readonly tooLate: number;
  /** Could not be given back; another call tries again. */
  readonly blockedCount: number;
}

/** One policy of an {@link UndoReport}. */
export interface PolicyUndo extends UndoCounts {
  /** With its schema, quoted. */
  readonly table: string;
  /** The first 100. */
  readonly blocked: readonly BlockedUndo[];
  /** Why nothing could be given back: the table or a column is not there any more; null when it could. */
  readonly problem: string | null;
}

/** A marked row that could not be given back. */
export interface BlockedUndo {
  /** Its primary key, as text, by column. */
  readonly key: Readonly<Record<string, string>>;
  /**
   * `locked`: another session holds it. `slow`: it ran into the statement timeout. `conflict`:
   * deadlock or serialization failure. `rejected`: the server refused the old values: another row
   * has taken a unique one, a trigger raises. `kept`: a trigger left the row as it was.
   */
  readonly reason: 'locked' | 'slow' | 'conflict' | 'rejected' | 'kept';
  /** SQLSTATE; undefined when it was kept. */
  readonly code: string | undefined;
  readonly message: string;
  /** The constraint that stood in the way, if one did. */
  readonly constraint?: string | undefined;
}

const LISTED_MAX = 100;

/** Counts that grow. */
export type UndoTally = { -readonly [K in keyof UndoCounts]: UndoCounts[K] } & {
  readonly blocked: BlockedUndo[];
};

export function createUndoTally(): UndoTally {
  return {
    undone: 0,
    undoneBefore: 0,
    changedSince: 0,
    alreadyPurged: 0,
    tooLate: 0,
    blockedCount: 0,
    blocked: [],
  };
}

export function addBlockedUndo(tally: UndoTally, row: BlockedUndo): void {
  tally.blockedCount += 1;
  if (tally.blocked.length < LISTED_MAX) tally.blocked.push(row);
}

/** Over all policies. */
export function undoReport(
  runId: string,
  durationMs: number,
  policies: Readonly<Record<string, PolicyUndo>>,
): UndoReport {
  const all = Object.values(policies);
  const sum = (count: (policy: PolicyUndo) => number): number =>
    all.reduce((total, policy) => total + count(policy), 0);
  return {
    runId,
    ok: all.every(({ blockedCount, problem }) => blockedCount === 0 && problem === null),
    durationMs,
    undone: sum(({ undone }) => undone),
    undoneBefore: sum(({ undoneBefore }) => undoneBefore),
    changedSince: sum(({ changedSince }) => changedSince),
    alreadyPurged: sum(({ alreadyPurged }) => alreadyPurged),
    tooLate: sum(({ tooLate }) => tooLate),
    blockedCount: sum(({ blockedCount }) => blockedCount),
    policies,
  };
}
