/**
 * What a `Retry-After` header asks for, in milliseconds: whole seconds or a date, held against
 * `now` (wall clock, milliseconds). Undefined when it is missing or says neither.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000;
  // Only the HTTP forms, all of which begin with a day's name: Date.parse takes nearly anything.
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
