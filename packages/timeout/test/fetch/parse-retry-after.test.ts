import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRetryAfter, parseRetryAfter } from '../../src/fetch/index.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const DAY_MS = 86_400_000;

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['2', 2_000],
    ['2.0', 2_000],
    ['0.5', 500],
    [' 7\t', 7_000],
    ['9'.repeat(400), 30 * DAY_MS],
  ])('reads %s seconds', (header, waitMs) => {
    expect(parseRetryAfter(header, NOW)).toBe(waitMs);
  });

  it.each([
    ['IMF-fixdate', 'Mon, 23 Nov 2026 12:00:30 GMT'],
    ['RFC 850', 'Monday, 23-Nov-26 12:00:30 GMT'],
    ['asctime', 'Mon Nov 23 12:00:30 2026'],
  ])('reads a date in the form of %s', (_, header) => {
    expect(parseRetryAfter(header, NOW)).toBe(30_000);
  });

  it('reads an asctime with a day of one digit, and a leap second', () => {
    expect(parseRetryAfter('Wed Dec  2 12:00:00 2026', NOW)).toBe(9 * DAY_MS);
    expect(parseRetryAfter('Mon, 23 Nov 2026 12:00:60 GMT', NOW)).toBe(60_000);
  });

  it('takes a two-digit year for the one within 50 years', () => {
    const at = (now: number, header: string): number | undefined => parseRetryAfter(header, now);
    expect(at(NOW, 'Sunday, 06-Nov-94 08:49:37 GMT')).toBe(0); // 1994
    expect(at(Date.UTC(1999, 11, 31, 23, 59), 'Saturday, 01-Jan-00 00:00:00 GMT')).toBe(60_000);
  });

  it('takes a date that has passed for 0, one far off for 30 days', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', NOW)).toBe(0);
    expect(parseRetryAfter('Mon, 23 Nov 9999 12:00:00 GMT', NOW)).toBe(30 * DAY_MS);
  });

  it.each([
    undefined,
    null,
    '',
    '-1',
    '+5',
    '1e3',
    '0x10',
    '1,5',
    '5s',
    'NaN',
    'Infinity',
    'soon',
    '2026-11-23T12:00:30Z',
    'Mon, 31 Jun 2026 12:00:00 GMT',
    'Mon, 00 Nov 2026 12:00:00 GMT',
    'Mon, 23 Foo 2026 12:00:00 GMT',
    'Mon, 23 Nov 2026 24:00:00 GMT',
    'Mon, 23 Nov 2026 12:60:00 GMT',
    'Mon, 23 Nov 2026 12:00:61 GMT',
    'Mon, 23 Nov 2026 12:00:00 CET',
    'Mon, 23 Nov 2026 12:00:00',
  ])('refuses %j', (header) => {
    expect(parseRetryAfter(header, NOW)).toBeUndefined();
  });

  it('never throws, and gives a wait from 0 to 30 days or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d., :A-Za-z-]*$/)), (header) => {
        const waitMs = parseRetryAfter(header, NOW) ?? 0;
        return waitMs >= 0 && waitMs <= 30 * DAY_MS;
      }),
    );
  });

  const seconds = fc.integer({ min: 0, max: 30 * 86_400 });
  it('reads every date in all three forms alike', () => {
    fc.assert(
      fc.property(seconds, (after) => {
        const date = new Date(NOW + after * 1_000);
        const imf = date.toUTCString();
        const [, day = '', month = '', year = '', time = ''] =
          /, (\d\d) (\w+) (\d+) (\S+) GMT/.exec(imf) ?? [];
        const long = new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' }).format(
          date,
        );
        const forms = [
          imf,
          `${long}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
          `${imf.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`,
        ];
        expect(forms.map((form) => parseRetryAfter(form, NOW))).toEqual(
          forms.map(() => after * 1_000),
        );
      }),
    );
  });

  it('reads what formatRetryAfter writes: never less, and less than a second more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 29 * DAY_MS, noNaN: true }), (waitMs) => {
        const header = formatRetryAfter(waitMs);
        expect(header).toMatch(/^\d+$/);
        const read = parseRetryAfter(header, NOW) ?? -1;
        expect(read).toBeGreaterThanOrEqual(waitMs);
        expect(read - waitMs).toBeLessThan(1_000);
      }),
    );
    expect(formatRetryAfter(-5)).toBe('0');
    expect(formatRetryAfter(Infinity)).toBe('2592000');
  });
});
