/** Length of a bucket. Buckets are those of UTC: a day begins at 00:00Z, a month on its first. */
export type Grain = 'hour' | 'day' | 'month';

/** From the finest to the coarsest. */
export const GRAINS: readonly Grain[] = ['hour', 'day', 'month'];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** True when buckets of `a` are shorter than those of `b`. */
export function isFiner(a: Grain, b: Grain): boolean {
  return GRAINS.indexOf(a) < GRAINS.indexOf(b);
}

/** Start of the bucket that holds `ms`, both in milliseconds since 1970. */
export function floorTo(grain: Grain, ms: number): number {
  if (grain === 'month') {
    const date = new Date(ms);
    return monthStart(date.getUTCFullYear(), date.getUTCMonth());
  }
  const length = grain === 'hour' ? HOUR_MS : DAY_MS;
  return Math.floor(ms / length) * length;
}

/** `ms` itself where a bucket begins there, otherwise the start of the next one. */
export function ceilTo(grain: Grain, ms: number): number {
  const start = floorTo(grain, ms);
  if (start === ms) return ms;
  if (grain !== 'month') return start + (grain === 'hour' ? HOUR_MS : DAY_MS);
  const date = new Date(start);
  return monthStart(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** Not `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999. */
function monthStart(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

/** SQL of the start of the bucket that holds `time`, whatever the session's time zone. */
export function bucketOf(grain: Grain, time: string): string {
  return `date_trunc('${grain}', ${time}, 'UTC')`;
}

/** SQL of the end, exclusive, of the bucket that begins at `bucket`. */
export function endOf(grain: Grain, bucket: string): string {
  // Days and months added to a timestamptz follow the session's time zone.
  return `((${bucket} at time zone 'UTC') + interval '1 ${grain}') at time zone 'UTC'`;
}
