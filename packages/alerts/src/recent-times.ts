/**
 * The times of the last events, oldest first, as plain JSON in chunks of equal length. A flat array
 * would have to be copied whole on every event (a rule may not change its state in place): 10,000
 * numbers instead of about 200. All chunks but the last are full.
 */
export interface RecentTimes {
  readonly full: readonly (readonly number[])[];
  readonly last: readonly number[];
}

export const NO_TIMES: RecentTimes = { full: [], last: [] };

/**
 * Adds one, and forgets what is not among the last `capacity`. A time before the latest is taken
 * as the latest. Copies about 2·√capacity numbers.
 */
export function addTime(times: RecentTimes, atMs: number, capacity: number): RecentTimes {
  const { full, last } = times;
  const latestMs = last.at(-1);
  const timeMs = latestMs === undefined ? atMs : Math.max(atMs, latestMs);
  const chunkLength = Math.ceil(Math.sqrt(capacity));
  if (last.length < chunkLength) return { full, last: [...last, timeMs] };
  const heldCount = (full.length + 1) * chunkLength + 1;
  const keptFull = heldCount - chunkLength >= capacity ? full.slice(1) : full;
  return { full: [...keptFull, last], last: [timeMs] };
}

/** The `rank`-th latest time, 1 being the latest; undefined when there are fewer. */
export function nthLatest(times: RecentTimes, rank: number): number | undefined {
  const { full, last } = times;
  if (rank <= last.length) return last[last.length - rank];
  const chunkLength = full[0]?.length;
  if (chunkLength === undefined) return undefined;
  const index = full.length * chunkLength + last.length - rank;
  return index < 0 ? undefined : full[Math.floor(index / chunkLength)]?.[index % chunkLength];
}

/** How many of the last `capacity` are in the window that ends now. Logarithmic. */
export function countWithin(
  times: RecentTimes,
  withinMs: number,
  nowMs: number,
  capacity: number,
): number {
  let inside = 0;
  let outside = capacity + 1;
  while (outside - inside > 1) {
    const rank = (inside + outside) >>> 1;
    if (isWithin(nthLatest(times, rank), withinMs, nowMs)) inside = rank;
    else outside = rank;
  }
  return inside;
}

/**
 * An event leaves the window at exactly `atMs + withinMs`. Written as that sum everywhere, also
 * where the leaving time is announced: `nowMs - atMs < withinMs` can round to another answer.
 */
function isWithin(atMs: number | undefined, withinMs: number, nowMs: number): boolean {
  return atMs !== undefined && atMs + withinMs > nowMs;
}
