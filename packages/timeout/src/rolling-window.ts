/** Counters that forget: each counts what happened in the last `bucketCount` × `bucketMs`. */
export interface RollingWindow {
  /** Forgets what is too old at `nowMs`; call it before the others. Time that goes back is ignored. */
  advance(nowMs: number): void;
  add(field: number, count?: number): void;
  total(field: number): number;
  clear(): void;
  /** The buckets, newest first, without the empty ones at the end. */
  export(): number[][];
  /** Takes exported buckets as they were `ageMs` ago; what is too old by now is left out. */
  import(buckets: readonly (readonly number[])[], ageMs: number): void;
}

export const FIELD_COUNT = 3;

/**
 * A ring of buckets, cleared by the number of buckets that have elapsed, so a pause of an hour
 * empties it. (To step one bucket a call, whatever the gap, leaves hour-old failures counted.)
 */
export function createWindow(bucketCount: number, bucketMs: number): RollingWindow {
  const counts = new Float64Array(bucketCount * FIELD_COUNT);
  const totals = new Float64Array(FIELD_COUNT);
  let bucket = Number.NEGATIVE_INFINITY;
  let offset = 0;

  const clear = (): void => {
    counts.fill(0);
    totals.fill(0);
  };
  const add = (field: number, count = 1): void => {
    counts[offset + field] = (counts[offset + field] ?? 0) + count;
    totals[field] = (totals[field] ?? 0) + count;
  };
  const drop = (): void => {
    for (let field = 0; field < FIELD_COUNT; field += 1) add(field, -(counts[offset + field] ?? 0));
  };
  const offsetOf = (index: number): number =>
    (((index % bucketCount) + bucketCount) % bucketCount) * FIELD_COUNT;

  return {
    add,
    clear,
    advance(nowMs) {
      const current = Math.floor(nowMs / bucketMs);
      if (current <= bucket) return;
      if (current - bucket >= bucketCount) {
        clear();
        bucket = current;
        offset = offsetOf(bucket);
        return;
      }
      while (bucket < current) {
        bucket += 1;
        offset = offsetOf(bucket);
        drop();
      }
    },
    total: (field) => totals[field] ?? 0,
    export() {
      const buckets = Array.from({ length: bucketCount }, (_, age) => {
        const start = offsetOf(bucket - age);
        return Array.from(counts.subarray(start, start + FIELD_COUNT));
      });
      while (buckets.at(-1)?.every((count) => count === 0)) buckets.pop();
      return buckets;
    },
    import(buckets, ageMs) {
      clear();
      const newest = offset;
      const shift = Math.round(ageMs / bucketMs);
      buckets.slice(0, Math.max(0, bucketCount - shift)).forEach((fields, age) => {
        offset = offsetOf(bucket - age - shift);
        fields.forEach((count, field) => {
          add(field, count);
        });
      });
      offset = newest;
    },
  };
}
