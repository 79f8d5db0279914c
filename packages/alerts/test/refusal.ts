import { InvalidOptionsError } from '@ops/timeout';

/** The error with which it refuses its options; fails the test if it does not. */
export function refusalOf(construct: () => unknown): InvalidOptionsError {
  try {
    construct();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
    throw error;
  }
  throw new Error('The options were accepted');
}
