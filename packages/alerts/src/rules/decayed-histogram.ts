/**
 * How often each size of a count came, old counts weighing less: enough to ask for a quantile of a
 * series' own past in about a kilobyte of JSON.
 *
 * Cells are logarithmic, eight to a doubling, so a quantile is at most 9 % too high and never too
 * low. At most 128 are kept, 16 doublings below the highest; what is smaller is counted in the
 * lowest cell, which only quantiles near it notice. Weights are aged in rounds, by rounded factors of
 * their own and not by the time of each query, so that the same counts give the same weights however
 * they were split.
 */

/** Plain JSON. */
export interface DecayedHistogram {
  /** Weight of the count 0. */
  readonly zeros: number;
  /** Number of the cell of `weights[0]`; cell 0 holds the count 1. */
  readonly lowest: number;
  /** At most 128, without zeros at the ends. */
  readonly weights: readonly number[];
  /** Counts added since the weights were last aged. */
  readonly freshCount: number;
}

export const EMPTY_HISTOGRAM: DecayedHistogram = {
  zeros: 0,
  lowest: 0,
  weights: [],
  freshCount: 0,
};

const CELLS_PER_DOUBLING = 8;
const MAX_CELL_COUNT = 128;
/** 32 rounds of ageing a half-life: the weights step by 2.2 %. */
const ROUNDS_PER_HALF_LIFE = 32;
const WEIGHT_DIGITS = 10_000;

/**
 * Adds one count, of weight 1.
 *
 * @param value an integer, 0 or more.
 * @param halfLife how many counts later the weight is half of it; at least 1.
 */
export function addCount(
  histogram: DecayedHistogram,
  value: number,
  halfLife: number,
): DecayedHistogram {
  const roundLength = Math.max(1, Math.floor(halfLife / ROUNDS_PER_HALF_LIFE));
  const aged =
    histogram.freshCount < roundLength ? histogram : age(histogram, 2 ** -(roundLength / halfLife));
  const freshCount = aged.freshCount + 1;
  if (value <= 0) return { ...aged, zeros: aged.zeros + 1, freshCount };
  return { ...aged, ...addToCell(aged, cellOf(value)), freshCount };
}

/**
 * The least value with at most the share `1 - quantile` of the weight above it, rounded up to the
 * end of its cell; 0 when nothing was added.
 *
 * @param spareCells how many cells higher, as a margin.
 */
export function quantileOf(
  histogram: DecayedHistogram,
  quantile: number,
  spareCells: number,
): number {
  const { zeros, lowest, weights } = histogram;
  const total = weights.reduce((sum, weight) => sum + weight, zeros);
  const most = total * (1 - quantile);
  let above = 0;
  for (let index = weights.length - 1; index >= 0; index--) {
    above += weights[index] ?? 0;
    if (above > most) return endOf(lowest + index + spareCells);
  }
  return 0;
}

/** Whether it can be gone on with. */
export function isHistogram(value: unknown): value is DecayedHistogram {
  if (typeof value !== 'object' || value === null) return false;
  const { zeros, lowest, weights, freshCount } = value as Partial<DecayedHistogram>;
  const isWeight = (one: unknown): boolean => Number.isFinite(one) && Number(one) >= 0;
  return (
    isWeight(zeros) &&
    isWeight(lowest) &&
    isWeight(freshCount) &&
    Array.isArray(weights) &&
    weights.length <= MAX_CELL_COUNT &&
    weights.every(isWeight)
  );
}

/** The cell whose end is the least not below `value`. The slack takes up rounding of the logarithm. */
function cellOf(value: number): number {
  return Math.max(0, Math.ceil(Math.log2(value) * CELLS_PER_DOUBLING - 1e-9));
}

/** The largest whole number in the cell. */
function endOf(cell: number): number {
  return Math.floor(2 ** (cell / CELLS_PER_DOUBLING) + 1e-6);
}

function addToCell(
  { lowest, weights }: DecayedHistogram,
  cell: number,
): Pick<DecayedHistogram, 'lowest' | 'weights'> {
  if (weights.length === 0) return { lowest: cell, weights: [1] };
  const highest = Math.max(cell, lowest + weights.length - 1);
  const first = Math.max(Math.min(cell, lowest), highest - MAX_CELL_COUNT + 1);
  const next = Array.from({ length: highest - first + 1 }, () => 0);
  const add = (to: number, weight: number): void => {
    const index = Math.max(0, to - first);
    next[index] = (next[index] ?? 0) + weight;
  };
  for (const [index, weight] of weights.entries()) add(lowest + index, weight);
  add(cell, 1);
  return { lowest: first, weights: next };
}

function age({ zeros, lowest, weights }: DecayedHistogram, factor: number): DecayedHistogram {
  const aged = weights.map((weight) => shorten(weight * factor));
  const first = aged.findIndex((weight) => weight > 0);
  const last = aged.findLastIndex((weight) => weight > 0);
  return {
    zeros: shorten(zeros * factor),
    lowest: first === -1 ? 0 : lowest + first,
    weights: first === -1 ? [] : aged.slice(first, last + 1),
    freshCount: 0,
  };
}

/** Down to four digits, which keeps the JSON short. Rounded to the nearest, a small weight would stay for ever. */
function shorten(weight: number): number {
  return Math.floor(weight * WEIGHT_DIGITS) / WEIGHT_DIGITS;
}
