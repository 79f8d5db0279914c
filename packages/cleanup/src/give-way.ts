import { limits } from './batch/run-batch.ts';
import { inTransaction, isServerError } from './database.ts';
import type { TargetState } from './target-state.ts';
import { equalRowsStatement } from './walk/pick-statement.ts';
import { WINDOWS } from './walk/target.ts';

/*
 * When a walk by an index gives way to one by heap windows, for the rest of the leaf. Those need no
 * order, and a statement of theirs reads so many pages and no more, so they always get on.
 *
 *   many rows of one value   and the index has only that column: each batch reads all of them
 *   slow to find             few of the old rows are due, or dead entries are in the way
 */

/** One may be bad luck: a cold cache, a busy disk. */
const SLOW_LOOKS_MAX = 2;

/**
 * How often the rows of one value may be read again before the whole heap is the shorter way. With r
 * rows in batches of n, r² / 2n are read, in 0.7 µs each; a page of the heap takes 6 µs (both measured
 * with everything in memory). So it is worth it from r = √(18 n pages).
 */
const ROWS_TO_PAGE = 18;
/** Below, it is a second at the most. */
const FEWEST_EQUALS = 5_000;

/** How many rows of one value are too many for batches of `limit`. */
export function tooManyEquals(limit: number, pageCount: number): number {
  return Math.max(FEWEST_EQUALS, Math.ceil(Math.sqrt(ROWS_TO_PAGE * limit * pageCount)));
}

/**
 * Whether the next batch is inside a run of equal values that is too long. They are counted once for
 * each value that takes more than one batch, and no further than it matters.
 */
export async function isLongRun(state: TargetState, limit: number): Promise<boolean> {
  const { target, walk, policy } = state;
  if (target.walk.kind !== 'keyset' || !target.walk.isPartial || !walk.isAmongEquals) return false;
  const [value] = walk.position;
  if (value === undefined || value === state.countedValue) return false;
  state.countedValue = value;
  const most = tooManyEquals(limit, target.leaf.pageCount);
  const { text, values } = equalRowsStatement(target, value, most);
  try {
    const [row] = await inTransaction(policy.database, limits(policy.pace), (query) =>
      query(text, values),
    );
    return Number(row?.['count']) >= most;
  } catch (error) {
    if (!isServerError(error)) throw error;
    // So many that they cannot even be counted.
    if (error.code === '57014') return true;
    // The whole table is locked, which the batch knows how to wait for.
    if (error.code === '55P03') return false;
    throw error;
  }
}

/** Goes on by heap windows; the pass has to begin anew. */
export function giveWay(state: TargetState, why: string): void {
  const { leaf } = state.target;
  state.target = { ...state.target, walk: WINDOWS };
  state.marks.length = 0;
  state.policy.notes.push(
    `${leaf.sql} was gone through by its heap, ${leaf.pageCount} pages: ${why}`,
  );
}

/** What to do about a batch of `limit` rows that was too slow in looking for them. */
export function afterSlowLook(state: TargetState, limit: number): 'again' | 'switched' {
  const { target, walk, size } = state;
  state.slowLookCount += 1;
  if (target.walk.kind === 'keyset') {
    if (state.slowLookCount < SLOW_LOOKS_MAX && limit > 1) {
      size.failed(limit);
      return 'again';
    }
    giveWay(state, 'finding the next due rows by the index took longer than pace.statementTimeout');
    return 'switched';
  }
  if (walk.narrow()) return 'again';
  if (limit === 1) {
    throw new Error(
      'Testing the condition on the rows of one page takes longer than pace.statementTimeout; what it compares in other tables needs an index, or the timeout more time',
    );
  }
  size.failed(limit);
  return 'again';
}
