/**
 * The times of the latest events, as compact JSON: it is stored once a second. Chunks, oldest first;
 * a chunk is its first time, how many times it has, and then for each further time either the gap to
 * the one before, or, below 0, how many more there are of the same: `[1000, 5, -2, 30, -1]` is three
 * at 1000 and two at 1030. Whole milliseconds, fractions are cut.
 *
 * In chunks because a rule may not change its state in place: in one flat list every event would copy
 * all of them, 100,000 numbers instead of about 600.
 */
export type RecentTimes = readonly Chunk[];

type Chunk = readonly [firstMs: number, count: number, ...gapsAndRepeats: number[]];
/** A time, and how many of it. */
type Run = readonly [atMs: number, count: number];

export const NO_TIMES: RecentTimes = Object.freeze([]);

/** How much is to be remembered: no more than the latest `capacity`, and nothing that no window reaches. */
export interface Memory {
  readonly capacity: number;
  readonly withinMs: number;
}

const MIN_CHUNK_LENGTH = 32;

/** Adds `count` at one time, in order of time wherever that is. */
export function addTimes(
  times: RecentTimes,
  atMs: number,
  count: number,
  memory: Memory,
): RecentTimes {
  const run: Run = [Math.floor(atMs), Math.min(count, memory.capacity)];
  const maxLength = Math.max(MIN_CHUNK_LENGTH, Math.ceil(Math.sqrt(memory.capacity)));
  // The last chunk that begins no later; what is older than everything goes to the front.
  const at = Math.max(
    0,
    times.findLastIndex(([firstMs]) => firstMs <= run[0]),
  );
  const chunk = times[at];
  const put = chunk === undefined ? [encode([run])] : insert(chunk, run, maxLength);
  return forget([...times.slice(0, at), ...put, ...times.slice(at + 1)], memory);
}

/** One chunk, or two where one would be too long. */
function insert(chunk: Chunk, run: Run, maxLength: number): readonly Chunk[] {
  const lastMs = lastOf(chunk);
  if (run[0] >= lastMs) {
    const longer = append(chunk, run, lastMs);
    return longer.length <= maxLength ? [longer] : [chunk, encode([run])];
  }
  const runs = [...runsOf(chunk)];
  const before = runs.findLastIndex(([atMs]) => atMs <= run[0]);
  const same = runs[before];
  if (same !== undefined && same[0] === run[0]) runs[before] = [same[0], same[1] + run[1]];
  else runs.splice(before + 1, 0, run);
  const longer = encode(runs);
  if (longer.length <= maxLength) return [longer];
  const cut = runs.length >>> 1;
  return [encode(runs.slice(0, cut)), encode(runs.slice(cut))];
}

/** Events mostly come in order: then nothing is taken apart. */
function append(chunk: Chunk, [atMs, count]: Run, lastMs: number): Chunk {
  const [firstMs, before, ...rest] = chunk;
  if (atMs > lastMs) {
    rest.push(atMs - lastMs);
    if (count > 1) rest.push(1 - count);
  } else {
    const repeats = rest.at(-1) ?? 0;
    if (repeats < 0) rest[rest.length - 1] = repeats - count;
    else rest.push(-count);
  }
  return [firstMs, before + count, ...rest];
}

function forget(times: RecentTimes, { capacity, withinMs }: Memory): RecentTimes {
  let count = 0;
  for (const [, held] of times) count += held;
  const newestMs = lastOf(times.at(-1));
  let from = 0;
  for (; from < times.length - 1; from += 1) {
    const [, held] = times[from] ?? [0, 0];
    const isBeyond = count - held >= capacity;
    // All of a chunk are no later than the first of the next.
    if (!isBeyond && (times[from + 1]?.[0] ?? Infinity) + withinMs > newestMs) break;
    count -= held;
  }
  return from === 0 ? times : times.slice(from);
}

/** The `rank`-th latest time, 1 being the latest; undefined when there are fewer. */
export function nthLatest(times: RecentTimes, rank: number): number | undefined {
  let rest = rank;
  for (let at = times.length - 1; at >= 0; at -= 1) {
    const chunk = times[at];
    if (chunk === undefined) break;
    if (rest > chunk[1]) {
      rest -= chunk[1];
      continue;
    }
    let later = chunk[1];
    for (const [atMs, count] of runsOf(chunk)) {
      later -= count;
      if (later < rest) return atMs;
    }
  }
  return undefined;
}

/**
 * How many of the latest `capacity` are in the window that ends now. An event leaves it at exactly
 * `atMs + withinMs`, written as that sum everywhere, also where the leaving time is announced:
 * `nowMs - atMs < withinMs` can round to another answer.
 */
export function countWithin(
  times: RecentTimes,
  withinMs: number,
  nowMs: number,
  capacity: number,
): number {
  return Math.min(
    capacity,
    countLatest(times, (atMs) => atMs + withinMs > nowMs),
  );
}

/** How many are later than that. */
export function countAfter(times: RecentTimes, afterMs: number): number {
  return countLatest(times, (atMs) => atMs > afterMs);
}

/** @param isIn true for all times from some time on. */
function countLatest(times: RecentTimes, isIn: (atMs: number) => boolean): number {
  let count = 0;
  for (let at = times.length - 1; at >= 0; at -= 1) {
    const chunk = times[at];
    if (chunk === undefined) break;
    if (isIn(chunk[0])) {
      count += chunk[1];
      continue;
    }
    for (const [atMs, held] of runsOf(chunk)) if (isIn(atMs)) count += held;
    break;
  }
  return count;
}

/** Whether a stored value is one. */
export function isRecentTimes(value: unknown): value is RecentTimes {
  if (!Array.isArray(value)) return false;
  let latestMs = -Infinity;
  for (const chunk of value as readonly unknown[]) {
    if (!isChunk(chunk) || chunk[0] < latestMs) return false;
    latestMs = lastOf(chunk);
  }
  return true;
}

function isChunk(value: unknown): value is Chunk {
  if (!Array.isArray(value) || value.length < 2) return false;
  if (!value.every((part) => Number.isSafeInteger(part))) return false;
  let count = 1;
  for (let at = 2; at < value.length; at += 1) {
    const part = Number(value[at]);
    if (part === 0) return false;
    count += part < 0 ? -part : 1;
  }
  return value[1] === count;
}

function encode(runs: readonly Run[]): Chunk {
  const rest: number[] = [];
  let total = 0;
  let beforeMs = runs[0]?.[0] ?? 0;
  for (const [atMs, count] of runs) {
    if (total > 0) rest.push(atMs - beforeMs);
    if (count > 1) rest.push(1 - count);
    total += count;
    beforeMs = atMs;
  }
  return [runs[0]?.[0] ?? 0, total, ...rest];
}

function* runsOf(chunk: Chunk): Generator<Run> {
  let [atMs] = chunk;
  let count = 1;
  for (let at = 2; at < chunk.length; at += 1) {
    const part = chunk[at] ?? 0;
    if (part < 0) {
      count -= part;
      continue;
    }
    yield [atMs, count];
    atMs += part;
    count = 1;
  }
  yield [atMs, count];
}

function lastOf(chunk: Chunk | undefined): number {
  if (chunk === undefined) return -Infinity;
  let [atMs] = chunk;
  for (let at = 2; at < chunk.length; at += 1) atMs += Math.max(chunk[at] ?? 0, 0);
  return atMs;
}
