import { InvalidOptionsError } from '@ops/timeout';
import type { Labels } from '../../src/alert.ts';
import type { RuleEvent } from '../../src/rule.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export function errorAt(atMs: number, count = 1, labels: Labels = {}): RuleEvent {
  return { type: 'error', atMs, count, labels };
}

export function outcomeAt(
  atMs: number,
  isSuccess: boolean,
  count = 1,
  labels: Labels = { integration: 'shopify' },
): RuleEvent {
  return { type: 'outcome', isSuccess, atMs, count, labels };
}

export function beatAt(atMs: number, rule = 'nightly'): RuleEvent {
  return { type: 'beat', rule, atMs, count: 1, labels: {} };
}

/** The message with which it refuses its options; fails the test if it does not. */
export function refusalOf(construct: () => unknown): InvalidOptionsError {
  try {
    construct();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
    throw error;
  }
  throw new Error('The options were accepted');
}

/** Frozen to the bottom, so whatever changes it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}

/** As it comes back from a database. */
export function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
