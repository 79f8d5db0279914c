/*
 * A batch in which some row refuses. The rows are tried in parts, each under a savepoint of the one
 * transaction, until the row is found and named; the rest goes. Measured with 1,000 bad rows and
 * nothing else: 0.7 s; with a transaction for each try, 2.5 to 4.8 s.
 */
import { inTransaction, isServerError, type Query } from '../database.ts';
import {
  type ListedRow,
  listedRow,
  lockStatement,
  lookAheadStatement,
} from '../walk/pick-statement.ts';
import type { Range, RowLock } from '../walk/target.ts';
import type { ActionResult } from './action.ts';
import { createBadRowSearch } from './bad-row-search.ts';
import { type Obstacle, obstacleIn } from './obstacle.ts';
import {
  type BatchOutcome,
  type FailedRow,
  guarded,
  limits,
  type OpenBatch,
  pickedRows,
  type Site,
  searched,
} from './run-batch.ts';

/** How long such a batch may hold its locks, in batches of the target time. */
const PATIENCE = 2;

/**
 * Acts on the next `limit` rows, and finds those that cannot be acted on. Finds the rows first,
 * without locks, so that a row's place is known when it cannot even be locked.
 */
export async function runRows(
  site: Site,
  range: Range,
  limit: number,
  rowLock: RowLock,
): Promise<BatchOutcome> {
  const alone: { row: ListedRow | undefined } = { row: undefined };
  const outcome = await searched(site, async (query, found) => {
    const ahead = await lookAhead(site, query, range, limit);
    found();
    alone.row = ahead.length === 1 ? ahead[0] : undefined;
    return tryRows(site, query, ahead, limit, rowLock);
  });
  // Not even alone: it is locked, or slow.
  if (outcome.type !== 'rolled-back' || !alone.row) return outcome;
  return passedBy(site, alone.row, outcome.obstacle);
}

/** How many rows are next, up to `limit`; undefined when finding them takes too long. Locks nothing. */
export async function countAhead(
  site: Site,
  range: Range,
  limit: number,
): Promise<number | undefined> {
  try {
    return await inTransaction(site.database, limits(site.pace), async (query) => {
      return (await lookAhead(site, query, range, limit)).length;
    });
  } catch (error) {
    if (!isServerError(error)) throw error;
    if (error.code === '57014') return undefined;
    // The whole table is locked by now, which the next batch knows how to wait for.
    if (error.code === '55P03') return limit;
    throw error;
  }
}

/** Goes past a row whose batch was rolled back; written down like any other. */
function passedBy(site: Site, row: ListedRow, obstacle: Obstacle): Promise<BatchOutcome> {
  return guarded(
    { ...site, action: { ...site.action, afterBatch: () => Promise.resolve() } },
    async (query) => {
      const [current] = await query('select pg_current_xact_id()::text as transaction_id');
      return {
        type: 'committed',
        picked: 0,
        result: { count: 0, archived: 0 },
        last: row.position,
        isMore: true,
        transactionId: current?.['transaction_id'] ?? '',
        blocked: [failedRow(row, obstacle)],
      };
    },
  );
}

async function lookAhead(
  { target }: Site,
  query: Query,
  range: Range,
  limit: number,
): Promise<readonly ListedRow[]> {
  const { text, values } = lookAheadStatement(target, range, limit);
  return (await query(text, values)).map((row) => listedRow(target, row));
}

async function tryRows(
  site: Site,
  query: Query,
  ahead: readonly ListedRow[],
  limit: number,
  rowLock: RowLock,
): Promise<OpenBatch> {
  const { target, database, pace } = site;
  const { text, values } = lockStatement(
    target,
    ahead.map((row) => row.ctid),
    rowLock,
  );
  const locked = ahead.length === 0 ? [] : await query(text, values);
  const rows = locked.map((row) => listedRow(target, row));
  const deadline = database.clock.monotonic() + PATIENCE * pace.targetMs;
  const tried = await tryInParts(site, query, rows, deadline);
  const isAll = tried.count === rows.length;
  return {
    type: 'committed',
    picked: tried.count - tried.blocked.length,
    result: tried.result,
    last: isAll ? ahead.at(-1)?.position : rows[tried.count - 1]?.position,
    isMore: !isAll || ahead.length >= limit,
    transactionId: locked[0]?.['transaction_id'] ?? '0',
    blocked: tried.blocked,
  };
}

interface Tried {
  readonly count: number;
  readonly result: ActionResult;
  readonly blocked: readonly FailedRow[];
}

async function tryInParts(
  site: Site,
  query: Query,
  rows: readonly ListedRow[],
  deadline: number,
): Promise<Tried> {
  const blocked: FailedRow[] = [];
  const result = { count: 0, archived: 0 };
  const search = createBadRowSearch(rows.length);
  await query('savepoint ops_cleanup_part');
  for (;;) {
    const { from, to } = search.next;
    if (from >= rows.length) break;
    if (from > 0 && site.database.clock.monotonic() >= deadline) break;
    const tried = await tryPart(site, query, rows.slice(from, to));
    const row = rows[from];
    if ('count' in tried) {
      result.count += tried.count;
      result.archived += tried.archived;
      search.passed();
    } else {
      if (to - from === 1 && row) blocked.push(failedRow(row, tried));
      search.failed();
    }
  }
  return { count: search.next.from, result, blocked };
}

/**
 * Starts and ends at the savepoint. Throws what is not a row's fault, and what would take long to
 * find out for each.
 */
async function tryPart(
  site: Site,
  query: Query,
  part: readonly ListedRow[],
): Promise<ActionResult | Obstacle> {
  try {
    const ctids = `{${part.map(({ ctid }) => `"${ctid}"`).join(',')}}`;
    const result = await site.action.act(query, pickedRows(site.target, part.length, ctids));
    // What is checked at COMMIT would otherwise fail the whole batch there.
    await query(
      'set constraints all immediate; release savepoint ops_cleanup_part; savepoint ops_cleanup_part',
    );
    return result;
  } catch (error) {
    const obstacle = obstacleIn(error);
    if (obstacle?.reason !== 'rejected') throw error;
    await query('rollback to savepoint ops_cleanup_part');
    return obstacle;
  }
}

function failedRow({ ctid, key }: ListedRow, { reason, error }: Obstacle): FailedRow {
  const { code, message, constraint } = error;
  return {
    ctid,
    row: { key, reason, code, message, ...(constraint !== undefined && { constraint }) },
  };
}
