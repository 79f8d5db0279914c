/**
 * A HyperLogLog of few values is an array of entries, `register << 6 | rank`: of two for one register
 * the larger has the higher rank, so a union is a maximum by register.
 */

/** Bits of a rank: of a hash of 64 bits at most 61. */
export const RANK_BITS = 6;

/** SQL of the entry that a hash makes: its low bits say the register, the others the rank. */
export function entryOf(hash: string, precision: number): string {
  const restBits = 64 - precision;
  const rest = `((${hash} >> ${precision}) & ${2n ** BigInt(restBits) - 1n})`;
  // The rank is the place of the lowest bit set. A power of two has an exact double, whose logarithm
  // is off by less than 1e-14: log(2, numeric) is exact as well and takes 50 times as long.
  const rank = `case ${rest} when 0 then ${restBits + 1}
      else round(ln((${rest} & -${rest})::float8) / ln(2::float8))::int4 + 1 end`;
  return `((${hash} & ${2 ** precision - 1})::int4 << ${RANK_BITS}) | (${rank})`;
}

/** SQL of the register of an entry. */
export function registerOf(entry: string): string {
  return `${entry} >> ${RANK_BITS}`;
}

/**
 * SQL of a 64-bit hash of `value`. PostgreSQL keeps these functions as they are, since the rows of
 * hash-partitioned tables lie where they say.
 */
export function hashOf(value: string, type: string): string {
  if (/^(?:smallint|integer|bigint)$/.test(type)) return `hashint8extended(${value}, 0)`;
  if (type === 'uuid') return `uuid_hash_extended(${value}, 0)`;
  // "C": a nondeterministic collation of the column has another hash, and is slower.
  return `hashtextextended((${value})::text collate "C", 0)`;
}

/**
 * Estimates how many values went in, by Ertl's improved raw estimator, which needs no correction for
 * small or large numbers.
 *
 * @param registersFrom how many registers have at least each rank, from rank 1 on.
 * @see https://arxiv.org/abs/1702.01284 algorithm 6
 */
export function estimateDistinct(
  registersFrom: ReadonlyMap<number, number>,
  precision: number,
): number {
  const registers = 2 ** precision;
  const restBits = 64 - precision;
  const from = (rank: number): number => registersFrom.get(rank) ?? 0;
  const used = from(1);
  if (used === 0) return 0;
  let z = registers * tau(1 - from(restBits + 1) / registers);
  for (let rank = restBits; rank >= 1; rank -= 1) z = 0.5 * (z + from(rank) - from(rank + 1));
  z += registers * sigma((registers - used) / registers);
  return Math.round((registers * registers) / (2 * Math.LN2 * z));
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let power = x;
  let factor = 1;
  let sum = x;
  for (let previous = Number.NaN; previous !== sum; ) {
    power *= power;
    previous = sum;
    sum += power * factor;
    factor += factor;
  }
  return sum;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let root = x;
  let factor = 1;
  let sum = 1 - x;
  for (let previous = Number.NaN; previous !== sum; ) {
    root = Math.sqrt(root);
    previous = sum;
    factor *= 0.5;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
