import { type OptionReader, readOptions } from '@ops/timeout/check';
import type { CallOptions } from './migrator.ts';
import { normalizeVersion } from './sources/version.ts';

/**
 * The options of a call that takes no more than a signal.
 *
 * @throws InvalidOptionsError, as a rejection of the call: a misspelt key must not be passed over.
 */
export function readCallOptions(method: string, options: CallOptions): CallOptions {
  const read = readOptions(method, options);
  const signal = readSignal(read);
  read.done();
  return { signal };
}

export function readSignal(read: OptionReader): AbortSignal | undefined {
  return read.object<AbortSignal>('signal', ['throwIfAborted', 'addEventListener']);
}

export function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** A version is a string: as numbers, 14 digits are exact and Flyway's 1.10 is not. */
export function isVersion(value: unknown): boolean {
  return typeof value === 'string' && normalizeVersion(value) !== undefined;
}
