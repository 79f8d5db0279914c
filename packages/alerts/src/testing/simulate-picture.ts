import type { SeriesState } from '../alert.ts';
import { tableLines } from './simulate-table.ts';
import type { Observation, SimulatedNotification, SimulatedTransition } from './simulation.ts';

/** One character a state: told apart without colour. */
const CHARACTERS: Readonly<Record<SeriesState, string>> = {
  ok: '·',
  'no-data': '?',
  pending: '-',
  firing: '#',
  recovering: '~',
};
const LEGEND = '· ok   ? no data   - pending   # firing   ~ recovering';

/** What a simulation shows people. */
export interface Picture {
  readonly lengthMs: number;
  /** What every series was at equal distances of time. */
  readonly observations: readonly Observation[];
  readonly transitions: readonly SimulatedTransition[];
  readonly notifications: readonly SimulatedNotification[];
}

/** A line a series, from left to right, then what happened and what was sent, in order. */
export function pictureOf(picture: Picture): string {
  const { observations, transitions, notifications, lengthMs } = picture;
  const happened = [
    ...transitions.map(
      (one) =>
        [
          one.atMs,
          [timeOf(one.atMs), nameOf(one), `${one.from} → ${one.to} (${one.severity})`, one.reason],
        ] as const,
    ),
    ...notifications.map(
      (one) => [one.atMs, [timeOf(one.atMs), `→ ${one.channel}`, one.kind, one.text]] as const,
    ),
  ].toSorted(([a], [b]) => a - b);
  const lines = happened.map(([, cells]) => cells);
  return [
    ...timelines(observations, lengthMs),
    '',
    ...(lines.length === 0 ? ['Nothing happened.'] : tableLines(lines)),
  ].join('\n');
}

function timelines(observations: readonly Observation[], lengthMs: number): readonly string[] {
  const names = [...new Set(observations.flatMap(({ states }) => [...states.keys()]))];
  const width = observations.length;
  const end = timeOf(lengthMs);
  const scale = `0${end.padStart(Math.max(end.length + 1, width - 1))}`;
  const rows = names.map((name) => [
    name,
    observations.map(({ states }) => CHARACTERS[states.get(name) ?? 'ok']).join(''),
  ]);
  return [...tableLines([['', scale], ...rows]), LEGEND];
}

function nameOf({ rule, key }: SimulatedTransition): string {
  return key === null || key === '' ? rule : `${rule}/${key}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** From the beginning, exactly: `1h 0m 30s` is `1h30s`. */
export function timeOf(ms: number): string {
  let rest = Math.round(ms);
  let text = '';
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text || '0';
}
