import type { BlockedRow } from './report.ts';

/** Counts of one policy. */
export interface PolicyTally {
  /** Rows gone from the table; those that were purged are in it. */
  deleted: number;
  softDeleted: number;
  purged: number;
  archived: number;
  unconfirmed: number;
  failedCount: number;
  throttledMs: number;
  /** What stays, of the leaves that are done with. */
  readonly left: Left;
}

/** Rows that stay although they are due. */
export interface Left {
  skipped: number;
  lockedCount: number;
  blockedCount: number;
  readonly blocked: BlockedRow[];
}

/** Of one pass; a later pass finds the same rows again. */
export interface PassTally extends Left {
  acted: number;
}

/** Blocked rows that a report lists; the others are only counted. */
const LISTED_MAX = 100;

export function createPolicyTally(): PolicyTally {
  return {
    deleted: 0,
    softDeleted: 0,
    purged: 0,
    archived: 0,
    unconfirmed: 0,
    failedCount: 0,
    throttledMs: 0,
    left: nothingLeft(),
  };
}

export function createPassTally(): PassTally {
  return { acted: 0, ...nothingLeft() };
}

function nothingLeft(): Left {
  return { skipped: 0, lockedCount: 0, blockedCount: 0, blocked: [] };
}

export function addBlocked(left: Left, row: BlockedRow, count = 1): void {
  left.blockedCount += count;
  if (row.reason === 'locked') left.lockedCount += count;
  if (left.blocked.length < LISTED_MAX) left.blocked.push(row);
}

/** Room for more rows in the list. */
export function listRoom(left: Left): number {
  return LISTED_MAX - left.blocked.length;
}

export function addLeft(to: Left, from: Left): void {
  to.skipped += from.skipped;
  to.lockedCount += from.lockedCount;
  to.blockedCount += from.blockedCount;
  to.blocked.push(...from.blocked.slice(0, listRoom(to)));
}

/**
 * What is left: as the last complete pass saw it, or the interrupted one when that has already found
 * more.
 */
export function remaining(pass: PassTally, complete: PassTally | undefined): PassTally {
  const count = (tally: PassTally): number => tally.blockedCount + tally.skipped;
  return complete === undefined || count(pass) > count(complete) ? pass : complete;
}
