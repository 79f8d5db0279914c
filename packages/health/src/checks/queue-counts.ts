import { type Clock, systemClock } from '@ops/timeout';
import { CheckFailedError } from '../errors.ts';
import { record } from '../record.ts';

/** What a queue holds. Leave out what is not known. */
export interface QueueCounts {
  /** Jobs that could be worked on now. */
  readonly waiting?: number | undefined;
  readonly active?: number | undefined;
  /** Jobs whose time has not come. */
  readonly delayed?: number | undefined;
  readonly failed?: number | undefined;
  /** How long the oldest waiting job has waited, in milliseconds; 0 when none waits. */
  readonly oldestMs?: number | undefined;
}

/** The states of jobs that are asked about. */
export type BullJobState = 'waiting' | 'paused' | 'prioritized' | 'active' | 'delayed' | 'failed';

/** A queue that tells its counts; one of BullMQ fits. */
export interface BullQueue {
  getJobCounts(...types: BullJobState[]): Promise<Readonly<Record<string, number>>>;
  getJobs?(
    types: BullJobState[],
    start: number,
    end: number,
    asc: boolean,
  ): Promise<readonly (object | null | undefined)[]>;
}

/** Counts of a BullMQ queue: two commands at most. The oldest job is looked up only when asked for. */
export async function bullCounts(
  queue: BullQueue,
  {
    needsOldest,
    clock = systemClock,
  }: { needsOldest: boolean; clock?: Pick<Clock, 'now'> | undefined },
): Promise<QueueCounts> {
  const counts = await queue.getJobCounts(
    'waiting',
    'paused',
    'prioritized',
    'active',
    'delayed',
    'failed',
  );
  const { waiting, paused = 0, prioritized = 0, active, delayed, failed } = counts;
  return {
    // Jobs of a paused queue wait like others; that nobody comes for them is what is to be told.
    waiting: waiting === undefined ? undefined : waiting + paused + prioritized,
    active,
    delayed,
    failed,
    oldestMs: needsOldest ? await oldestOf(queue, clock) : undefined,
  };
}

async function oldestOf(queue: BullQueue, clock: Pick<Clock, 'now'>): Promise<number | undefined> {
  if (queue.getJobs === undefined) return undefined;
  const jobs = await queue.getJobs(['waiting', 'paused', 'prioritized'], 0, 0, true);
  // One of each kind comes, in no order; a job may have gone meanwhile, and is then null.
  const readyAt = jobs.flatMap((job) => {
    const { timestamp, delay = 0 } = record(job);
    return typeof timestamp === 'number' && typeof delay === 'number' ? [timestamp + delay] : [];
  });
  return readyAt.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...readyAt));
}

const KEYS = ['waiting', 'active', 'delayed', 'failed', 'oldestMs'] as const;

/** The counts that were returned: numbers of 0 or more, or nothing. */
export function readCounts(given: unknown): QueueCounts {
  const counts = record(given);
  const entries = KEYS.flatMap((key) => (counts[key] === undefined ? [] : [[key, counts[key]]]));
  if (entries.some(([, value]) => !(typeof value === 'number' && value >= 0 && value < Infinity))) {
    throw new CheckFailedError('bad_response', 'a count is not a number of 0 or more');
  }
  return Object.fromEntries(entries) as QueueCounts;
}
