import type { BatchEvent, CleanupEvent } from '../events.ts';
import { count, duration, rowCount } from './figures.ts';
import { plainText } from './plain-text.ts';
import type { PolicyProgress } from './progress.ts';

const BAR_WIDTH = 20;

/** One policy as one line of text, with a bar before it or not. */
export function progressLine(
  policy: string,
  { figures, waitsFor }: PolicyProgress,
  form: 'bar' | 'line',
): string {
  const parts = [...figuresOf(figures), ...(waitsFor === undefined ? [] : [`waits: ${waitsFor}`])];
  const text = plainText(parts.join(', '));
  return form === 'line' ? `${policy}: ${text}` : `${bar(shareOf(figures))} ${policy}  ${text}`;
}

function figuresOf(event: CleanupEvent): readonly string[] {
  if (event.type === 'policy-started') {
    return [`${rowCount(event.candidates)} rows of ${event.table} before ${event.cutOff}`];
  }
  if (event.type === 'batch') return batchFigures(event);
  if (event.type === 'policy-ended') {
    const { stopped, deleted, softDeleted, purged } = event.report;
    return [stopped, `${count(deleted - purged + softDeleted + purged)} rows`];
  }
  return [];
}

function batchFigures({
  deleted,
  candidates,
  rowsPerSecond,
  etaMs,
}: BatchEvent): readonly string[] {
  return [
    `${count(deleted)} of ${rowCount(candidates)} rows`,
    `${count(Math.round(rowsPerSecond))}/s`,
    ...(etaMs === null ? [] : [`${duration(etaMs)} left`]),
  ];
}

/** 0 to 1. */
function shareOf(event: CleanupEvent): number {
  if (event.type === 'policy-ended') return event.report.stopped === 'drained' ? 1 : Number.NaN;
  if (event.type !== 'batch') return 0;
  const { deleted, candidates } = event;
  // What is only estimated may be passed; it is done when it says so.
  return candidates.count === 0 ? 0 : Math.min(0.99, deleted / candidates.count);
}

/** Of what ended before its end there is none. */
function bar(share: number): string {
  if (Number.isNaN(share)) return '-'.repeat(BAR_WIDTH);
  const full = Math.round(share * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}
