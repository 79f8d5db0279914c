import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { callable, durationMs, withMethods } from '@ops/timeout/options';
import * as z from 'zod';

/** Options of every channel that speaks HTTP. */
export interface ConnectionOptions {
  /**
   * Time for one request, its answer included; more than 0, at most an hour.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
  /** Default: the `fetch` given to `createAlerts`, or else `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** For the limit above and for dates in `Retry-After`. Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** The same, read and with defaults. */
export interface Connection {
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly clock: Clock;
}

export const connectionShape: {
  readonly timeout: z.ZodOptional<z.ZodType<number, Duration>>;
  readonly fetch: z.ZodOptional<z.ZodType<typeof globalThis.fetch, typeof globalThis.fetch>>;
  readonly clock: z.ZodOptional<z.ZodType<Clock, Clock>>;
} = {
  timeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  fetch: callable<typeof globalThis.fetch>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
};

export function connectionOf(parsed: {
  readonly timeout?: number | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly clock?: Clock | undefined;
}): Connection {
  const { timeout: timeoutMs = 10_000, fetch, clock = systemClock } = parsed;
  return { timeoutMs, fetch, clock };
}

/** An `https:` or `http:` URL that names no user: credentials in it would end in `Referer`s and logs. */
export const httpUrl: z.ZodType<URL, string | URL> = z
  .custom<string | URL>(isHttpUrl, {
    error: 'expected an https: or http: URL without user name and password',
  })
  .transform((url) => new URL(url));

/** A key that goes into a header or body as it is. */
export const apiKey: z.ZodType<string, string> = z
  .string({ error: 'expected a key' })
  .regex(/^[\x21-\x7e]{1,500}$/, { error: 'expected a key of visible ASCII characters' });

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof URL)) return false;
  const url = URL.parse(String(value));
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || url.protocol === 'http:';
}
