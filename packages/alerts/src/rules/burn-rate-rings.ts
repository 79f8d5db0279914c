/**
 * Calls and failures in several sliding windows, each as a ring of 30 buckets: a window covers
 * between 29/30 and all of its length, so what came in the oldest thirtieth may be left out. The
 * shares that are made of it are exact for the time that it covers. At most 8 rings of at most 17
 * characters a bucket; with Google's five windows about 2 kB of JSON under heavy traffic.
 */

/** Plain JSON. */
export interface Ring {
  readonly lengthMs: number;
  /** Number of the latest bucket, in lengths of a bucket since 1970. */
  readonly slot: number;
  /** Of that bucket and the 29 before it, oldest first. */
  readonly calls: readonly number[];
  readonly failures: readonly number[];
}

/** In one window. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
}

const BUCKETS_PER_RING = 30;
const NOTHING: readonly number[] = Object.freeze(Array.from({ length: BUCKETS_PER_RING }, () => 0));

export function newRing(lengthMs: number, atMs: number): Ring {
  return { lengthMs, slot: slotOf(lengthMs, atMs), calls: NOTHING, failures: NOTHING };
}

/** What is too old for the window changes nothing. */
export function addCalls(ring: Ring, atMs: number, calls: number, failures: number): Ring {
  const { lengthMs } = ring;
  const slot = Math.max(ring.slot, slotOf(lengthMs, atMs));
  const index = BUCKETS_PER_RING - 1 - (slot - slotOf(lengthMs, atMs));
  if (index < 0) return ring;
  const at = (buckets: readonly number[], amount: number): readonly number[] => {
    const moved = shift(buckets, slot - ring.slot);
    return amount === 0 ? moved : moved.with(index, add(moved[index] ?? 0, amount));
  };
  return { lengthMs, slot, calls: at(ring.calls, calls), failures: at(ring.failures, failures) };
}

/** Of the window that ends at `nowMs`. */
export function tallyAt({ lengthMs, slot, ...buckets }: Ring, nowMs: number): Tally {
  const passed = Math.max(0, slotOf(lengthMs, nowMs) - slot);
  return { calls: sumFrom(buckets.calls, passed), failures: sumFrom(buckets.failures, passed) };
}

/** A loop, without copies: it is run for every window at every look. */
function sumFrom(numbers: readonly number[], first: number): number {
  let sum = 0;
  for (let index = first; index < numbers.length; index += 1) sum += numbers[index] ?? 0;
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

/** When the oldest calls that are in the window at `nowMs` leave it; undefined when it is empty. */
export function leavesAtMs({ lengthMs, slot, calls }: Ring, nowMs: number): number | undefined {
  const passed = Math.max(0, slotOf(lengthMs, nowMs) - slot);
  const oldest = calls.findIndex((count, index) => index >= passed && count > 0);
  return oldest === -1 ? undefined : startOf(lengthMs, slot + oldest + 1);
}

/** Whether it can be gone on with as one of that length. */
export function isRing(value: unknown, lengthMs: number): value is Ring {
  if (typeof value !== 'object' || value === null) return false;
  const { slot, calls, failures, ...rest } = value as Partial<Ring>;
  const isBuckets = (buckets: unknown): boolean =>
    Array.isArray(buckets) &&
    buckets.length === BUCKETS_PER_RING &&
    buckets.every((count) => Number.isSafeInteger(count) && count >= 0);
  return (
    rest.lengthMs === lengthMs &&
    Number.isSafeInteger(slot) &&
    isBuckets(calls) &&
    isBuckets(failures)
  );
}

function slotOf(lengthMs: number, atMs: number): number {
  return Math.floor((atMs * BUCKETS_PER_RING) / lengthMs);
}

function startOf(lengthMs: number, slot: number): number {
  return Math.ceil((slot * lengthMs) / BUCKETS_PER_RING);
}

function shift(buckets: readonly number[], by: number): readonly number[] {
  return by === 0 ? buckets : buckets.map((_, index) => buckets[index + by] ?? 0);
}

function add(one: number, other: number): number {
  return Math.min(one + other, Number.MAX_SAFE_INTEGER);
}
