import type { CleanupReport, PolicyReport } from '../report.ts';
import { bytes, count, duration } from './figures.ts';
import type { Paint } from './paint.ts';
import { plainText } from './plain-text.ts';
import { type Column, tableLines } from './table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'POLICY' },
  { head: 'ENDED' },
  { head: 'DELETED', isNumber: true },
  { head: 'ARCHIVED', isNumber: true },
  { head: 'MARKED', isNumber: true },
  { head: 'PURGED', isNumber: true },
  { head: 'BLOCKED', isNumber: true },
  { head: 'SKIPPED', isNumber: true },
  { head: 'BATCHES', isNumber: true },
  { head: 'P50', isNumber: true },
  { head: 'P99', isNumber: true },
  { head: 'WAL', isNumber: true },
  { head: 'TOOK', isNumber: true },
];

/** The rows that are named; all of them are in the JSON. */
const MOST_BLOCKED = 5;

/** For people. */
export function reportLines(
  report: CleanupReport,
  paint: Paint,
  columns: number | undefined,
): readonly string[] {
  const all: readonly PolicyReport[] = Object.values(report.policies);
  return [
    ...tableLines(COLUMNS, all.map(rowOf), columns),
    ...all.flatMap((each) => details(each, paint)),
    ...report.notes.map((note) => paint.warning(plainText(note))),
    ...runLines(report, all),
  ];
}

/** The id, and what it is good for. */
function runLines({ runId }: CleanupReport, all: readonly PolicyReport[]): readonly string[] {
  if (runId === undefined) return [];
  const isMarked = all.some(({ softDeleted }) => softDeleted > 0);
  const isArchived = all.some(({ archived }) => archived > 0);
  const ways = [
    ...(isMarked ? ['ops-cleanup undo'] : []),
    ...(isArchived ? ['ops-cleanup restore'] : []),
  ];
  const back = ways.map((way) => `${way} ${runId}`).join(', ');
  return [
    '',
    `run ${plainText(runId)}${back === '' ? '' : `; to take it back: ${plainText(back)}`}`,
  ];
}

function rowOf(report: PolicyReport): readonly string[] {
  const { batches, walBytes } = report;
  const orNothing = (value: number): string => (value === 0 ? '' : count(value));
  return [
    report.policy,
    report.stopped,
    count(report.deleted),
    orNothing(report.archived),
    orNothing(report.softDeleted),
    orNothing(report.purged),
    orNothing(report.blockedCount),
    orNothing(report.skipped),
    orNothing(batches.count),
    batches.p50Ms === null ? '' : duration(batches.p50Ms),
    batches.p99Ms === null ? '' : duration(batches.p99Ms),
    walBytes === null ? '' : bytes(walBytes),
    duration(report.durationMs),
  ];
}

function details(report: PolicyReport, paint: Paint): readonly string[] {
  const { error, refusals, blocked, blockedCount, unconfirmed, throttledMs, notes } = report;
  const lines = [
    ...(error ? [paint.bad(plainText(error.message))] : []),
    ...refusals.map(({ code, message }) => paint.bad(plainText(`refused (${code}): ${message}`))),
    ...(unconfirmed > 0
      ? [paint.bad(`${count(unconfirmed)} rows: the connection broke before COMMIT was answered`)]
      : []),
    ...blockedLines(blocked, blockedCount).map(paint.warning),
    ...(throttledMs > 0 ? [`waited ${duration(throttledMs)} for throttles`] : []),
    ...report.droppedPartitions.map((table) => plainText(`dropped ${table}`)),
    ...notes.map(plainText),
  ];
  if (lines.length === 0) return [];
  return ['', paint.strong(report.policy), ...lines.map((line) => `  ${line}`)];
}

function blockedLines(blocked: PolicyReport['blocked'], total: number): readonly string[] {
  const shown = blocked.slice(0, MOST_BLOCKED).map(({ key, reason, code, message }) => {
    const row = Object.entries(key).map(([column, value]) => `${column} ${value}`);
    return plainText(`blocked: ${row.join(', ')}: ${reason} (${code}): ${message}`);
  });
  const more = total - shown.length;
  return more > 0 ? [...shown, `blocked: ${count(more)} more rows`] : shown;
}
