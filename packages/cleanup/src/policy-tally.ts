import type { BlockedRow } from './report.ts';

/** Counts of one policy. What stays is counted by pass, since a later pass finds the same rows again. */
export interface PolicyTally {
  /** Rows gone, in all passes. */
  deleted: number;
  unconfirmed: number;
  failedCount: number;
  /** Rows that a pass could not delete. */
  pass: PassTally;
  /** The last pass that reached the end. */
  complete: PassTally | undefined;
}

export interface PassTally {
  deleted: number;
  skipped: number;
  lockedCount: number;
  blockedCount: number;
  readonly blocked: BlockedRow[];
}

/** Blocked rows that a report lists; the others are only counted. */
const LISTED_MAX = 100;

export function createPolicyTally(): PolicyTally {
  return {
    deleted: 0,
    unconfirmed: 0,
    failedCount: 0,
    pass: createPassTally(),
    complete: undefined,
  };
}

export function startPass(tally: PolicyTally): void {
  tally.pass = createPassTally();
}

function createPassTally(): PassTally {
  return { deleted: 0, skipped: 0, lockedCount: 0, blockedCount: 0, blocked: [] };
}

export function addBlocked(pass: PassTally, row: BlockedRow): void {
  pass.blockedCount += 1;
  if (row.reason === 'locked') pass.lockedCount += 1;
  if (pass.blocked.length < LISTED_MAX) pass.blocked.push(row);
}

/**
 * What is left: as the last complete pass saw it, or the interrupted one when that has already found
 * more.
 */
export function remaining({ pass, complete }: PolicyTally): PassTally {
  const left = (tally: PassTally): number => tally.blockedCount + tally.skipped;
  return complete === undefined || left(pass) > left(complete) ? pass : complete;
}
