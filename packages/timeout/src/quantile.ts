/** Durations seen lately, of which it tells a quantile. */
export interface Quantile {
  add(ms: number): void;
  /** `undefined` until enough have been seen. */
  readonly value: number | undefined;
}

const SAMPLE_COUNT = 200;
const ENOUGH_COUNT = 20;
/** Sorting 200 numbers takes some microseconds: too much for every call. */
const RENEWAL_COUNT = 20;

/** Of the last 200, renewed with every 20th; the first value comes after 20. */
export function createQuantile(quantile: number): Quantile {
  const samples = new Float64Array(SAMPLE_COUNT);
  let count = 0;
  let value: number | undefined;
  return {
    get value() {
      return value;
    },
    add(ms) {
      samples[count % SAMPLE_COUNT] = ms;
      count += 1;
      if (count < ENOUGH_COUNT || count % RENEWAL_COUNT !== 0) return;
      const sorted = samples.subarray(0, Math.min(count, SAMPLE_COUNT)).toSorted();
      value = sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
    },
  };
}
