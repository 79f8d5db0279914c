import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversWeek, parseTimes, parseWeekdays, spansOf } from '../../src/notify/mute-spans.ts';
import { type MuteWindow, mutedUntil } from '../../src/notify/mute-window.ts';
import { minuteOfWeek } from '../../src/notify/wall-clock.ts';

function until(window: MuteWindow, at: string): string | undefined {
  const settings = { spans: spansOf(window), timeZone: window.timeZone ?? 'UTC' };
  const untilMs = mutedUntil(settings, Date.parse(at));
  return untilMs === undefined ? undefined : new Date(untilMs).toISOString().slice(0, 16);
}

// 2020-05-04 and 2021-04-05 are Mondays.
describe('when a window mutes', () => {
  const office = { weekdays: 'Mon-Fri', times: '09:00-17:00' };
  const sydney = { ...office, timeZone: 'Australia/Sydney' };
  const night = { times: '22:00-06:00' };
  const fridayNight = { weekdays: 'Fri', times: '22:00-06:00' };
  it.each<[string, MuteWindow, string, string | undefined]>([
    ['on Monday', office, '2020-05-04T15:04Z', '2020-05-04T17:00'],
    ['on Tuesday', office, '2020-05-05T10:04Z', '2020-05-05T17:00'],
    ['from its first minute', office, '2020-07-08T09:00Z', '2020-07-08T17:00'],
    ['to its last', office, '2020-07-08T16:59:59.999Z', '2020-07-08T17:00'],
    ['not at its end', office, '2020-07-08T17:00Z', undefined],
    ['not on Sunday', office, '2020-05-03T15:04Z', undefined],
    ['not before', office, '2020-05-04T08:59Z', undefined],
    ['in its zone', sydney, '2021-04-06T13:00+10:00', '2021-04-06T07:00'],
    ['not at that time elsewhere', sydney, '2021-04-06T13:00Z', undefined],
    ['in summer, there', sydney, '2021-11-01T09:00+11:00', '2021-11-01T06:00'],
    ['in summer, there, to the minute', sydney, '2021-10-31T21:59Z', undefined],
    ['before midnight', night, '2020-05-04T23:30Z', '2020-05-05T06:00'],
    ['after midnight', night, '2020-05-05T05:59Z', '2020-05-05T06:00'],
    ['into the day after', fridayNight, '2020-05-09T03:00Z', '2020-05-09T06:00'],
    ['and not in the night before', fridayNight, '2020-05-08T03:00Z', undefined],
    [
      'over the end of the week',
      { ...night, weekdays: 'Sun' },
      '2020-05-04T02:00Z',
      '2020-05-04T06:00',
    ],
    ['a whole weekend', { weekdays: 'Sat-Sun' }, '2020-05-09T00:00Z', '2020-05-11T00:00'],
    [
      'days around the end of the week',
      { weekdays: 'Sat-Mon' },
      '2020-05-10T12:00Z',
      '2020-05-12T00:00',
    ],
    [
      'two times that touch, as one',
      { times: '10:00-12:00,12:00-13:00' },
      '2020-05-04T10:30Z',
      '2020-05-04T13:00',
    ],
    [
      'to the end of the day',
      { weekdays: 'Mon', times: '20:00-24:00' },
      '2020-05-04T20:00Z',
      '2020-05-05T00:00',
    ],
  ])('%s', (_, window, at, expected) => {
    expect(until(window, at)).toBe(expected);
  });

  // New York: clocks went forward on 2021-03-14 at 02:00, and back on 2021-11-07 at 02:00.
  it.each<[string, string, string, string | undefined]>([
    ['an hour shorter', '22:00-06:00', '2021-03-14T04:00Z', '2021-03-14T10:00'],
    ['an hour longer', '22:00-06:00', '2021-11-07T04:00Z', '2021-11-07T11:00'],
    ['ends in the hour that is left out', '22:00-02:30', '2021-03-14T05:00Z', '2021-03-14T07:00'],
    ['begins in the hour that is left out', '02:30-04:00', '2021-03-14T07:00Z', '2021-03-14T08:00'],
    [
      'is there once in the hour that comes twice',
      '01:00-01:30',
      '2021-11-07T05:10Z',
      '2021-11-07T05:30',
    ],
    ['and again', '01:00-01:30', '2021-11-07T06:10Z', '2021-11-07T06:30'],
    ['interrupted, put back to before it', '01:30-00:00', '2021-11-07T05:40Z', '2021-11-07T06:00'],
    ['resumed half an hour later', '01:30-00:00', '2021-11-07T06:30Z', '2021-11-08T05:00'],
  ])('is %s when clocks change', (_, times, at, expected) => {
    expect(until({ times, timeZone: 'America/New_York' }, at)).toBe(expected);
  });

  it('ends where the platform says that the wall shows another time', { timeout: 30_000 }, () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
    ];
    const time = fc
      .tuple(fc.nat(23), fc.constantFrom('00', '15', '30'))
      .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        time,
        time,
        // Ten minutes apart over the days around both changes of 2021.
        fc.oneof(fc.nat(600), fc.integer({ min: 34_000, max: 34_600 })),
        (timeZone, from, to, step) => {
          fc.pre(from !== to);
          const spans = spansOf({ times: `${from}-${to}` });
          const nowMs = Date.parse('2021-03-13T00:00Z') + step * 600_000;
          const isMuted = (atMs: number): boolean => {
            const minute = minuteOfWeek(atMs, timeZone);
            return spans.some((span) => span.from <= minute && minute < span.to);
          };
          const untilMs = mutedUntil({ spans, timeZone }, nowMs);
          expect(untilMs !== undefined).toBe(isMuted(nowMs));
          if (untilMs === undefined) return;
          expect(isMuted(untilMs)).toBe(false);
          for (let atMs = nowMs; atMs < untilMs; atMs += 60_000) expect(isMuted(atMs)).toBe(true);
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('what a window is written as', () => {
  it.each([
    ['Mon', [0]],
    ['sat-sun', [5, 6]],
    ['Mon, Wed,FRI', [0, 2, 4]],
    ['Fri-Mon', [4, 5, 6, 0]],
    ['Mon-Sun', [0, 1, 2, 3, 4, 5, 6]],
  ])('knows the days %s', (text, days) => {
    expect(parseWeekdays(text)).toEqual(days);
  });

  it.each(['', 'blurgsday', '1-3', 'Mon-', '-Tue', 'Mon-Tue-Wed', 'Mon;Tue', 'Mon,'])(
    'refuses the days %j',
    (text) => {
      expect(parseWeekdays(text)).toBeUndefined();
    },
  );

  it.each([
    ['00:00-24:00', [{ from: 0, to: 1_440 }]],
    ['01:35-17:39', [{ from: 95, to: 1_059 }]],
    ['09:35-09:39', [{ from: 575, to: 579 }]],
    ['09:30-07:41', [{ from: 570, to: 1_901 }]],
    ['22:00-00:00', [{ from: 1_320, to: 1_440 }]],
  ])('knows the times %s', (text, spans) => {
    expect(parseTimes(text)).toEqual(spans);
  });

  it.each([
    '',
    '17:31-17:31',
    '12:30-24:01',
    '24:00-17:41',
    '14:03',
    '01:99-23:59',
    '00:00-99:99',
    '9:00-17:00',
    '09:00-17:00,',
  ])('refuses the times %j', (text) => {
    expect(parseTimes(text)).toBeUndefined();
  });

  it.each([
    [{}, true],
    [{ weekdays: 'Mon-Sun' }, true],
    [{ times: '00:00-12:00,12:00-24:00' }, true],
    [{ times: '06:00-05:59' }, false],
    [{ weekdays: 'Tue-Sun' }, false],
    [{ weekdays: 'Mon-Sun', times: '12:00-11:59,11:00-13:00' }, true],
  ])('knows whether %j leaves a minute of the week', (window, isCovered) => {
    expect(coversWeek(spansOf(window))).toBe(isCovered);
  });
});
