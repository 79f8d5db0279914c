import { type Duration, toMilliseconds } from '../duration.ts';

/**
 * Tells the server how long the answer is still wanted, in whole milliseconds. A time that remains,
 * not a time of day, so the two clocks need not agree.
 */
export const DEADLINE_HEADER = 'x-request-timeout-ms';

/** Options of {@link readDeadlineHeader}. */
export interface ReadDeadlineOptions {
  /** More than this is taken for this: a caller must not keep the server busy at will. */
  readonly max: Duration;
  /** @default 'x-request-timeout-ms' */
  readonly header?: string | undefined;
}

/**
 * How long the sender of a request will wait, in milliseconds, from 0 to `max`; `undefined` when it
 * does not say, or not readably. Give it to `deadline` or to `withTimeout`. The way back of
 * `createFetch({ deadlineHeader: true })`.
 *
 * @throws InvalidOptionsError when `max` is not a duration.
 */
export function readDeadlineHeader(
  headers: Headers,
  options: ReadDeadlineOptions,
): number | undefined {
  const maxMs = toMilliseconds(options.max, 'readDeadlineHeader max');
  const value = headers.get(options.header ?? DEADLINE_HEADER)?.trim() ?? '';
  return /^\d+$/.test(value) ? Math.min(Number(value), maxMs) : undefined;
}
