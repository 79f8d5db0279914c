import { randomInt } from 'node:crypto';

/** Choices that depend on the seed alone (mulberry32). */
export interface Random {
  /** From 0 to 1. */
  (): number;
  /** A whole number from 0 up to and without `end`. */
  below(end: number): number;
  pick<T>(values: readonly T[]): T;
}

/** The seed in `OPS_FAULTS_SEED`, else any; printed by every campaign that fails. */
export function chosenSeed(): number {
  const given = process.env['OPS_FAULTS_SEED'];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`OPS_FAULTS_SEED is no number: ${given}`);
  return seed;
}

export function createRandom(seed: number): Random {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number): number => Math.floor(random() * end);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  return Object.assign(random, { below, pick });
}
