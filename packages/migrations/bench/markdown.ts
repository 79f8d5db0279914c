import type { Outcome } from './in-turn.ts';

/** One part of the report. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Everything that was measured. */
  readonly raw: unknown;
}

/** @param columns with a colon at the end where they are to be aligned to the right. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns.map((column) => column.replace(/:$/, ''))),
    line(columns.map((column) => (column.endsWith(':') ? '---:' : '---'))),
    ...rows.map(line),
  ];
}

/** Wall time, processor time, and how long the first takes for each unit of the others, a round at a time. */
export function timeTable(outcomes: readonly Outcome[]): string[] {
  const [ours] = outcomes;
  return table(
    ['whole process', 'median ms:', 'min–max:', 'its CPU ms:', 'ours ÷ this (min–max):'],
    outcomes.map((outcome) => {
      const failure = failureOf(outcome);
      if (failure !== undefined) return [outcome.label, failure, '', '', ''];
      const walls = outcome.runs.map(({ wallMs }) => wallMs);
      const ratio = ours === undefined || ours === outcome ? '' : ratioText(ratios(ours, outcome));
      const cpuMs = median(outcome.runs.map((run) => run.cpuMs));
      return [outcome.label, ms(median(walls)), range(walls, ms), ms(cpuMs), ratio];
    }),
  );
}

/** Of the wall times, pair by pair; none when a process failed, since that is no time to compare. */
export function ratios(one: Outcome, other: Outcome): number[] {
  if (failureOf(one) !== undefined || failureOf(other) !== undefined) return [];
  return one.runs.map(({ wallMs }, at) => wallMs / (other.runs[at]?.wallMs ?? Number.NaN));
}

/** A line that sets what was measured beside what was aimed at. */
export function verdict(what: string, measured: number, limit: number, unit: string): string {
  if (Number.isNaN(measured)) return `- ${what}: target ≤ ${limit} ${unit}, not measured.`;
  const word = measured <= limit ? 'met' : 'missed';
  return `- ${what}: target ≤ ${limit} ${unit}, measured ${measured.toFixed(2)} ${unit}, ${word}.`;
}

/** Both ends of a long message; the whole of it is in the JSON. */
export function shortened(message: string): string {
  if (message.length <= 140) return message;
  return `${message.slice(0, 88).trim()} … ${message.slice(-48).trim()}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

export function ms(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

export function range(values: readonly number[], format: (value: number) => string): string {
  return `${format(Math.min(...values))}–${format(Math.max(...values))}`;
}

function ratioText(values: readonly number[]): string {
  if (values.length === 0) return '';
  const two = (value: number): string => value.toFixed(2);
  return `${two(median(values))} (${range(values, two)})`;
}

function failureOf({ runs }: Outcome): string | undefined {
  const failures = runs.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  return failures[0] && `failed ${failures.length} of ${runs.length}: ${shortened(failures[0])}`;
}
