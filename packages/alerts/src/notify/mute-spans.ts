import type { MinuteSpan, MuteWindow } from './mute-window.ts';
import { WEEK_MINUTES } from './wall-clock.ts';

const DAY_MINUTES = 1_440;
const DAY_NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const TIME_SPAN = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** Days from 0, Monday; undefined where the text has another form. */
export function parseWeekdays(text: string): readonly number[] | undefined {
  const days: number[] = [];
  for (const part of text.split(',')) {
    const [first, last, ...more] = part
      .split('-')
      .map((name) => DAY_NAMES.indexOf(name.trim().toLowerCase()));
    const end = last ?? first;
    if (first === undefined || end === undefined || first < 0 || end < 0 || more.length > 0)
      return undefined;
    // `Fri-Mon` goes over the end of the week.
    const count = ((end - first + 7) % 7) + 1;
    for (let day = first; day < first + count; day += 1) days.push(day % 7);
  }
  return days;
}

/** Minutes of the day, `to` after `from` and up to 24 h later; undefined where the text has another form. */
export function parseTimes(text: string): readonly MinuteSpan[] | undefined {
  const spans: MinuteSpan[] = [];
  for (const part of text.split(',')) {
    const [, fromHour, fromMinute, toHour = '24', toMinute = '0'] =
      TIME_SPAN.exec(part.trim()) ?? [];
    if (fromHour === undefined) return undefined;
    const from = Number(fromHour) * 60 + Number(fromMinute);
    const to = Number(toHour) * 60 + Number(toMinute);
    if (from === to) return undefined;
    spans.push({ from, to: to > from ? to : to + DAY_MINUTES });
  }
  return spans;
}

/** @param window checked: days and times have the right form. */
export function spansOf({ weekdays, times }: MuteWindow): readonly MinuteSpan[] {
  const days = weekdays === undefined ? [...DAY_NAMES.keys()] : (parseWeekdays(weekdays) ?? []);
  const ofDay = times === undefined ? [{ from: 0, to: DAY_MINUTES }] : (parseTimes(times) ?? []);
  return joined(
    days.flatMap((day) =>
      ofDay.flatMap(({ from, to }) => split(day * DAY_MINUTES + from, day * DAY_MINUTES + to)),
    ),
  );
}

/** What goes over the end of the week continues at its beginning. */
function split(from: number, to: number): readonly MinuteSpan[] {
  if (to <= WEEK_MINUTES) return [{ from, to }];
  return [
    { from, to: WEEK_MINUTES },
    { from: 0, to: to - WEEK_MINUTES },
  ];
}

/** In order, and those that touch made one. */
function joined(spans: readonly MinuteSpan[]): readonly MinuteSpan[] {
  const apart: MinuteSpan[] = [];
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    const last = apart.at(-1);
    if (last === undefined || span.from > last.to) apart.push(span);
    else apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return apart;
}

/** Whether no minute of the week is left. */
export function coversWeek(spans: readonly MinuteSpan[]): boolean {
  return joined(spans).some(({ from, to }) => from === 0 && to === WEEK_MINUTES);
}
