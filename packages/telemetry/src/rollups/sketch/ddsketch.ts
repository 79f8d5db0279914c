/**
 * A DDSketch as two arrays of one length: bins in ascending order, and how many values each has.
 * A positive value v is in bin ⌈log γ(v)⌉ with γ = (1 + α) / (1 − α), whose middle 2γ^i / (γ + 1) is
 * within α of all that the bin holds. Bins are numbered so that their order is that of the values.
 */
export interface DDSketch {
  readonly bins: readonly number[];
  readonly counts: readonly number[];
}

/** Above any ⌈log γ(v)⌉ of a double: at most 372,600 for α = 0.001 and the smallest, 5e-324. */
const OFFSET = 1_000_000;
/** Holds what is larger than any double. */
const INFINITE_BIN = 2_000_000_000;

/**
 * SQL of the bin of `value`, null for null and NaN. `isNumeric` guards against what a `numeric` can
 * hold and a double cannot, which would make the cast fail: it counts as infinite, or as zero.
 */
export function binOf(value: string, isNumeric: boolean, accuracy: number): string {
  const largest = isNumeric ? '1e308' : `'Infinity'`;
  const nothing = isNumeric ? `abs(${value}) < 1e-300` : `${value} = 0`;
  const gammaLog = Math.log((1 + accuracy) / (1 - accuracy));
  return `case
      when ${value} = 'NaN' then null
      when ${nothing} then 0
      when ${value} >= ${largest} then ${INFINITE_BIN}
      when ${value} <= -${isNumeric ? largest : `'Infinity'::float8`} then -${INFINITE_BIN}
      else (sign(${value}) * (ceil(ln(abs(${value})::float8) / ${gammaLog}::float8) + ${OFFSET}))::int4
    end`;
}

/**
 * The value of rank ⌈percent / 100 · n⌉, as `percentile_disc` has it, within the sketch's accuracy.
 * Null when the sketch is empty.
 */
export function percentileOf(sketch: DDSketch, percent: number, accuracy: number): number | null {
  const total = sketch.counts.reduce((sum, count) => sum + count, 0);
  // 99.9 · 1000 / 100 may come out a little above 999, whose ceiling is another rank.
  const rank = Math.max(1, Math.ceil((percent * total) / 100 - 1e-9));
  let below = 0;
  for (const [at, bin] of sketch.bins.entries()) {
    below += sketch.counts[at] ?? 0;
    if (below >= rank) return valueOf(bin, accuracy);
  }
  return null;
}

function valueOf(bin: number, accuracy: number): number {
  if (bin === 0) return 0;
  const sign = Math.sign(bin);
  if (Math.abs(bin) === INFINITE_BIN) return sign * Infinity;
  const gamma = (1 + accuracy) / (1 - accuracy);
  const exponent = Math.abs(bin) - OFFSET;
  // From the lower bound, since the upper one, and twice it, pass the largest double before the
  // middle does. The middle of the last bin is itself above all doubles.
  const middle = gamma ** (exponent - 1) * ((2 * gamma) / (gamma + 1));
  return sign * Math.min(middle, Number.MAX_VALUE);
}
