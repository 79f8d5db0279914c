import type { Entry } from './contestants.ts';
import type { Measured } from './measure.ts';
import type { CleanResult } from './programs/clean.ts';
import { longestTouch, median, p95, type Rounds, ratioOf } from './statistics.ts';

const COLUMNS = [
  '',
  'time s',
  '÷ beside',
  'CPU s (of it the client)',
  '÷ beside',
  'WAL MB',
  '÷ beside',
  'dead tuples',
  'batch p50 / p99 ms',
  'load p95 undisturbed → during ms',
  'longest wait of a touched expired row ms',
  'RSS at 10 / 50 / 100 % MB',
  'load average',
];

/** One line for each contestant: medians over the rounds, the longest wait of all rounds. */
export function resultTable(entries: readonly Entry[], rounds: Rounds): string[] {
  return [
    line(COLUMNS),
    line(COLUMNS.map((column) => (column === '' ? '---' : '---:'))),
    ...entries.flatMap((entry) => {
      const own = rounds.get(entry.name) ?? [];
      return own.length === 0 ? [] : [line(cellsOf(entry, own, rounds))];
    }),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cellsOf(entry: Entry, own: readonly Measured[], rounds: Rounds): string[] {
  const beside = entry.beside === undefined ? [] : (rounds.get(entry.beside) ?? []);
  const value = (of: (one: Measured) => number, digits = 1): string =>
    number(median(own.map(of)), digits);
  const ratio = (of: (one: Measured) => number): string => number(ratioOf(own, beside, of), 2);
  const cleans = own.flatMap(({ clean }) => clean ?? []);
  const hasLoad = own[0]?.load !== undefined;
  return [
    entry.name + (cleans[0]?.walk ? ` (${cleans[0].walk})` : ''),
    value(({ ms }) => ms / 1_000),
    ratio(({ ms }) => ms),
    value(({ cpuMs }) => cpuMs / 1_000) + clientCell(cleans),
    ratio(({ cpuMs }) => cpuMs),
    value(({ walMb }) => walMb, 0),
    ratio(({ walMb }) => walMb),
    value(({ deadTuples }) => deadTuples, 0),
    ...batchCells(cleans),
    hasLoad ? `${value(p95(['before', 'after']))} → ${value(p95(['during']))}` : '',
    hasLoad ? number(Math.max(...own.map(longestTouch)), 0) : '',
    memoryCell(cleans),
    value(({ loadAverage }) => loadAverage),
  ];
}

function batchCells(cleans: readonly CleanResult[]): [string] {
  if (!cleans.some(({ batches }) => batches > 0)) return [''];
  const p50 = number(median(cleans.map(({ p50Ms }) => p50Ms)), 0);
  const p99 = number(median(cleans.map(({ p99Ms }) => p99Ms)), 0);
  return [`${p50} / ${p99}`];
}

function clientCell(cleans: readonly CleanResult[]): string {
  if (cleans.length === 0) return '';
  return ` (${number(median(cleans.map(({ clientCpuMs }) => clientCpuMs / 1_000)), 1)})`;
}

function memoryCell(cleans: readonly CleanResult[]): string {
  if (!cleans.some(({ batches }) => batches > 0)) return '';
  return [0, 1, 2]
    .map((at) => number(median(cleans.flatMap(({ memory }) => memory[at]?.rssMb ?? [])), 0))
    .join(' / ');
}

function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '';
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
