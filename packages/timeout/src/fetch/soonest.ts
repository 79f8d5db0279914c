import type { Deadline } from '../deadline.ts';

/** The deadline that passes first; of equal ones the first. */
export function soonest(one: Deadline, ...others: readonly (Deadline | undefined)[]): Deadline {
  let first = one;
  for (const other of others) {
    if (other !== undefined && other.remainingMs() < first.remainingMs()) first = other;
  }
  return first;
}
