import type { IngestEvent } from '../ingest/sink.ts';
import { monthOf } from './month.ts';

/**
 * Whether an event lies in its home: the month of the first time that it ever had, which is the same
 * in every repeat. That time is the one inside a UUID version 7, for other ids the client's.
 *
 * A repeat may be given another `timestamp`, since the skew of a clock is measured anew for each
 * request and the limits move on; so it may belong into another partition, where the primary key
 * knows nothing of the first. Events at home need not be looked for elsewhere: all of them that have
 * the same id share one partition. The others are few, and are looked for everywhere.
 */
export function isAtHome({ id, clientTimestamp, timestamp }: IngestEvent): boolean {
  const first = timeInside(id) ?? clientTimestamp?.getTime();
  return first !== undefined && monthOf(first) === monthOf(timestamp.getTime());
}

/** The 48 bits of milliseconds that a UUID version 7 begins with; undefined in any other. */
function timeInside(id: string): number | undefined {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
