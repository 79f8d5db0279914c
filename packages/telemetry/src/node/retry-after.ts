/** The three date forms of HTTP begin with the name of a day; `Date.parse` alone would take '-5'. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * How long a `Retry-After` header asks to wait from `now` (wall clock), in milliseconds. Undefined
 * when there is none or it makes no sense.
 *
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  if (!HTTP_DATE.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
