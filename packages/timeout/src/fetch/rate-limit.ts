import { parseRetryAfter } from './parse-retry-after.ts';

const SECONDS = /^\d+(?:\.\d+)?$/;
/** A delta of more than a day in `X-RateLimit-Reset` is not one; see {@link parseReset}. */
const LONGEST_DELTA_SECONDS = 86_400;
const DAY_MS = 86_400_000;

/**
 * How long the server asks to be left alone, in milliseconds: `Retry-After` if it can be read,
 * otherwise the reset time of an exhausted rate limit. `undefined` when it says nothing usable.
 *
 * Rate limits are read from `RateLimit` (both shapes of the IETF drafts: `"default";r=0;t=30` and
 * `limit=100, remaining=0, reset=30`), `RateLimit-Reset`, and `X-RateLimit-Reset` when its value
 * can mean only one thing: seconds from now up to a day, or a time since 1970 within a day of now.
 * A limit that says that something remains is no reason to wait.
 *
 * @param now wall-clock time in milliseconds since 1970.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function readWait(headers: Headers, now: number = Date.now()): number | undefined {
  return (
    parseRetryAfter(headers.get('retry-after'), now) ??
    parseRateLimit(headers.get('ratelimit')) ??
    separate(headers, 'ratelimit', parseDelta) ??
    separate(headers, 'x-ratelimit', (value) => parseReset(value, now))
  );
}

/** `RateLimit: "burst";r=0;t=2, "daily";r=50;t=900`: the longest wait among the exhausted ones. */
function parseRateLimit(header: string | null): number | undefined {
  if (header === null) return undefined;
  // The older shape is one limit, written as a list of its parameters.
  const limits = header.includes(';') ? header.split(',') : [header.replaceAll(',', ';')];
  let waitMs: number | undefined;
  for (const limit of limits) {
    const remaining = parameter(limit, 'r|remaining');
    const reset = parseDelta(parameter(limit, 't|reset'));
    if (Number(remaining ?? 0) <= 0 && reset !== undefined) waitMs = Math.max(waitMs ?? 0, reset);
  }
  return waitMs;
}

function parameter(limit: string, names: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*(?:${names})\\s*=\\s*([\\d.]+)\\s*(?:;|$)`, 'i').exec(limit)?.[1];
}

function separate(
  headers: Headers,
  prefix: string,
  parse: (value: string | undefined) => number | undefined,
): number | undefined {
  const remaining = headers.get(`${prefix}-remaining`);
  if (remaining !== null && Number(remaining) > 0) return undefined;
  return parse(headers.get(`${prefix}-reset`)?.trim());
}

function parseDelta(value: string | undefined): number | undefined {
  return value !== undefined && SECONDS.test(value) ? parseRetryAfter(value) : undefined;
}

/** Some send seconds from now, some (GitHub) seconds since 1970, some milliseconds since 1970. */
function parseReset(value: string | undefined, now: number): number | undefined {
  if (value === undefined || !SECONDS.test(value)) return undefined;
  const amount = Number(value);
  if (amount <= LONGEST_DELTA_SECONDS) return amount * 1_000;
  for (const time of [amount * 1_000, amount]) {
    if (Math.abs(time - now) <= DAY_MS) return Math.max(time - now, 0);
  }
  return undefined;
}
