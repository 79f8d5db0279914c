/** Remembers times within 5 %, in a few hundred numbers at most however many there are. */
export interface DurationHistogram {
  add(ms: number): void;
  readonly count: number;
  /** The time that `share` (0 to 1) of all times do not exceed; null when there is none. */
  percentile(share: number): number | null;
}

const GROWTH = 1.05;
const SMALLEST_MS = 0.01;

export function createDurationHistogram(): DurationHistogram {
  const buckets = new Map<number, number>();
  let count = 0;
  return {
    add(ms) {
      const bucket = Math.max(0, Math.ceil(Math.log(ms / SMALLEST_MS) / Math.log(GROWTH)));
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      count += 1;
    },
    get count() {
      return count;
    },
    percentile(share) {
      let left = Math.max(1, Math.ceil(count * share));
      for (const [bucket, size] of [...buckets].toSorted(([a], [b]) => a - b)) {
        left -= size;
        if (left <= 0) return Number((SMALLEST_MS * GROWTH ** bucket).toPrecision(3));
      }
      return null;
    },
  };
}
