import { isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import type { UnfinishedIndex } from '../errors.ts';
import type { Situation } from '../situation.ts';
import { pause } from './pause.ts';
import { findUnfinishedIndexes } from './unfinished-indexes.ts';

/** What became of the INVALID indexes. */
export interface DroppedIndexes {
  readonly dropped: readonly UnfinishedIndex[];
  /** Those that are still there, and why. */
  readonly left: readonly LeftIndex[];
}

/** An index that was not dropped. */
export interface LeftIndex extends UnfinishedIndex {
  readonly reason: string;
}

/** A build reports its end a moment before it commits, so two looks have to agree. */
const LOOK_TWICE_MS = 250;

/**
 * Drops the INVALID indexes that nobody works on, one by one and concurrently: reads and writes go on.
 * One that the server refuses to drop, for want of rights, stays, and the others go all the same.
 */
export async function dropUnfinishedIndexes({
  session,
  settings,
  signal,
}: Situation): Promise<DroppedIndexes> {
  const before = await findUnfinishedIndexes(session);
  if (before.size > 0) await pause(LOOK_TWICE_MS, settings.clock, signal);
  const found = [...(await findUnfinishedIndexes(session))].filter(([oid]) => before.has(oid));
  const dropped: UnfinishedIndex[] = [];
  const left: LeftIndex[] = [];
  for (const [, index] of found) {
    const reason =
      index.pid === undefined ? await drop(session, index) : `pid ${index.pid} works on it`;
    if (reason === undefined) dropped.push(index);
    else left.push({ ...index, reason });
  }
  return { dropped, left };
}

/** Gives the server's reason not to. */
async function drop(session: Session, { index }: UnfinishedIndex): Promise<string | undefined> {
  try {
    // The lock holds up neither reads nor writes, and the waits may take as long as a transaction.
    await session.query(NO_TIMEOUTS_SQL);
    await session.query(`drop index concurrently if exists ${index}`);
    return undefined;
  } catch (error) {
    if (isServerError(error)) return error.message;
    throw error;
  }
}

/** For the session, which is closed afterwards. */
const NO_TIMEOUTS_SQL =
  "select set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false)";
