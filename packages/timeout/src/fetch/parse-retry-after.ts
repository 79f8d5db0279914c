const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const SECONDS = /^\d+(?:\.\d+)?$/;
// The three forms of RFC 9110, section 5.6.7: IMF-fixdate, RFC 850 and asctime. The name of the day
// must look like one; whether it is the right one does not matter.
const DATES = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/** The longest wait that {@link parseRetryAfter} tells, 30 days; more is taken for this. */
const LONGEST_WAIT_MS = 30 * 86_400_000;

/**
 * Reads a `Retry-After` header: the wait in milliseconds, from 0 to 30 days, or `undefined` when
 * there is none or it is unreadable (a negative number, a date that does not exist).
 *
 * Takes seconds, decimals too (Shopify sends `2.0`), and all three forms of an HTTP-date. A date that
 * has passed is 0.
 *
 * @param now wall-clock time in milliseconds since 1970, which a date is compared with.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(
  header: string | null | undefined,
  now: number = Date.now(),
): number | undefined {
  const value = header?.trim() ?? '';
  const waitMs = SECONDS.test(value) ? Number(value) * 1_000 : parseHttpDate(value, now) - now;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS);
}

/**
 * Writes a wait as the value of a `Retry-After` header: whole seconds, rounded up, since the standard
 * knows no decimals and a client must not come back too early.
 *
 * @param waitMs milliseconds; negative counts as 0.
 */
export function formatRetryAfter(waitMs: number): string {
  return String(Math.ceil(Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS) / 1_000));
}

/** Milliseconds since 1970, or NaN. */
function parseHttpDate(value: string, now: number): number {
  for (const form of DATES) {
    const parts = form.exec(value)?.groups;
    if (parts !== undefined) return toTime(parts, now);
  }
  return Number.NaN;
}

function toTime(parts: Record<string, string>, now: number): number {
  const { day = '', month = '', year = '', time = '' } = parts;
  const [hour = 99, minute = 99, second = 99] = time.split(':').map(Number);
  const monthIndex = MONTHS.indexOf(month);
  const fullYear = year.length === 2 ? nearestYear(Number(year), now) : Number(year);
  // 60 is a leap second. Date.UTC carries what is too large over, so the 31st of June is refused here.
  if (monthIndex < 0 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const midnight = new Date(0).setUTCFullYear(fullYear, monthIndex, Number(day));
  if (new Date(midnight).getUTCDate() !== Number(day)) return Number.NaN;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** The year with these two last digits that is at most 50 years away (RFC 9110 asks for no more ahead). */
function nearestYear(lastTwoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + lastTwoDigits;
  if (year > thisYear + 50) return year - 100;
  return year <= thisYear - 50 ? year + 100 : year;
}
