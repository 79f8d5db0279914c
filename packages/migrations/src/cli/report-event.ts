import { labelOf, type MigrationRef } from '../errors.ts';
import type { MigrationEvent, StepRef } from '../events.ts';
import { type Line, styled, widthOf } from './line.ts';
import { sayBar, sayBlocker, sayBlockerAndQuery, sayCount, sayDuration, sayHolder } from './say.ts';

/** What has to be known of earlier events to tell about the next one. */
export interface ReportState {
  readonly direction: Direction;
  readonly current: MigrationRef | undefined;
  /** Whether the file has a line of its own already, under which its steps stand. */
  readonly hasHeading: boolean;
  readonly stepCount: number;
  readonly step: StepRef | undefined;
  /** What was last said of the progress, without its numbers, and when. */
  readonly saidProgress: string | undefined;
  readonly saidAtMs: number;
}

/** What one event adds to the output. */
export interface Reported {
  readonly state: ReportState;
  /** Lines that stay. */
  readonly lines: readonly Line[];
  /** The line that is written over by the next. Undefined takes it away. */
  readonly progress: Line | undefined;
}

export type Direction = 'up' | 'down';

/** Before the first event, and between two files. */
export function idleState(direction: Direction): ReportState {
  return {
    direction,
    current: undefined,
    hasHeading: false,
    stepCount: 0,
    step: undefined,
    saidProgress: undefined,
    saidAtMs: 0,
  };
}

/** Where lines cannot be written over, numbers of progress are said again after so long. */
const SAY_AGAIN_MS = 10_000;
const LABEL_WIDTH = 46;
const STEP_INDENT = '      ';

type Event<T extends MigrationEvent['type']> = Extract<MigrationEvent, { readonly type: T }>;
type Say<T extends MigrationEvent['type']> = (
  state: ReportState,
  event: Event<T>,
  nowMs: number,
) => Reported;

const SAY: { readonly [T in MigrationEvent['type']]: Say<T> } = {
  waiting(state, { holder, waitedMs }, nowMs) {
    const who = sayHolder(holder, nowMs);
    const waited = waitedMs < 1_000 ? '' : `, ${sayDuration(waitedMs)} so far`;
    const line = `  … waiting for the migration lock, held by ${who}${waited}`;
    return progressed(state, `waiting:${holder?.pid}`, nowMs, [line]);
  },
  locked(state, { pendingCount, waitedMs }) {
    const waited = waitedMs < 1_000 ? '' : ` · waited ${sayDuration(waitedMs)}`;
    const what = state.direction === 'down' ? 'to take back' : 'pending';
    return said(state, [`${pendingCount} ${what}${waited}`]);
  },
  'migration-started': (_, event) => started(event),
  'step-started': (state, { step }) => ({
    state: { ...state, step, saidProgress: undefined },
    lines: [],
    progress: [`${STEP_INDENT}▸ ${sayStep(step)}`],
  }),
  'index-progress'(state, { step, phase, ratio, waitingFor }, nowMs) {
    const bar = ratio === undefined ? '' : `  ${sayBar(ratio)}`;
    const waits = waitingFor.map(sayBlocker).join(', ');
    // In place of the bar: both would not fit, and in such a phase the bar counts sessions.
    const rest = waits === '' ? bar : styled('yellow', `: ${waits} in the way`);
    const pids = waitingFor.map(({ pid }) => pid).join(',');
    const line = [`${STEP_INDENT}▸ ${sayStep(step)}  ${phase}`, rest];
    return progressed(state, `${phase}:${pids}`, nowMs, line);
  },
  'index-followed'(state, { step, pid }, nowMs) {
    const line = `${STEP_INDENT}▸ ${sayStep(step)}  is being built by pid ${pid}; waiting for it`;
    return progressed(state, `followed:${pid}`, nowMs, [line]);
  },
  'index-recovered'(state, { step }) {
    const text = ` ${sayStep(step)}  INVALID leftover dropped, building it anew`;
    return said(state, [STEP_INDENT, styled('yellow', '↻'), text]);
  },
  'backfill-progress'(state, { step, rows, batches, ratio }, nowMs) {
    const bar = ratio === undefined ? '' : `  ${sayBar(ratio)}`;
    const amount = `${sayCount(rows, 'row')} in ${sayCount(batches, 'batch', 'batches')}`;
    const line = `${STEP_INDENT}▸ ${sayStep(step)}  ${amount}${bar}`;
    return progressed(state, 'backfill', nowMs, [line]);
  },
  retry: (state, event) => said(state, retryLine(event)),
  'step-finished': stepFinished,
  'migration-finished': (_, { migration, direction, durationMs }) => {
    const what = direction === 'down' ? 'taken back, ' : '';
    const line = fileLine(migration, `${what}${sayDuration(durationMs)}`);
    return { state: idleState(direction), lines: [line], progress: undefined };
  },
};

/** Says one event. Pure: the time is a parameter. @param nowMs since 1970. */
export function reportEvent(state: ReportState, event: MigrationEvent, nowMs: number): Reported {
  // The table has the right function for each type, which a union of calls does not show.
  const say = SAY[event.type] as Say<MigrationEvent['type']>;
  return say(state, event, nowMs);
}

/** The lines for a run that ended in the middle: which file, and how far it got. */
export function reportFailure({ current, step, stepCount }: ReportState): readonly Line[] {
  if (current === undefined) return [];
  const where = stepCount > 1 && step !== undefined ? `in step ${step.number} of ${stepCount}` : '';
  return [['  ', styled('red', '✗'), ` ${padded(labelOf(current))}${where}`.trimEnd()]];
}

function started(event: Event<'migration-started'>): Reported {
  const { migration, direction, stepCount, stepsDone } = event;
  const isShort = stepCount <= 1 && stepsDone === 0;
  const idle = idleState(direction);
  const state: ReportState = { ...idle, current: migration, stepCount, hasHeading: !isShort };
  const steps =
    stepsDone > 0
      ? `goes on at step ${Math.min(stepsDone + 1, stepCount)} of ${stepCount}`
      : `${stepCount} steps`;
  const line = heading(migration, isShort ? '' : steps);
  return isShort
    ? { state, lines: [], progress: line }
    : { state, lines: [line], progress: undefined };
}

function stepFinished(state: ReportState, event: Event<'step-finished'>): Reported {
  if (!state.hasHeading) return { state, lines: [], progress: undefined };
  const { step, outcome, durationMs } = event;
  const end = outcome === 'present' ? 'was there already' : sayDuration(durationMs);
  const line: Line = [STEP_INDENT, styled('green', '✓'), ` ${padded(sayStep(step), 42)}${end}`];
  return { state, lines: [line], progress: undefined };
}

const TROUBLE: Readonly<Record<string, string>> = { '55P03': 'no lock', '40P01': 'deadlock' };

function retryLine(event: Event<'retry'>): Line {
  const { step, sqlstate, attempt, attempts, delayMs, blockers } = event;
  const what = TROUBLE[sqlstate] ?? 'failed';
  const next = `try ${attempt + 1} of ${attempts} in ${sayDuration(delayMs)}`;
  const who = blockers.map(sayBlockerAndQuery).join('; ');
  const by = who === '' ? '' : `; in the way: ${who}`;
  const text = ` ${sayStep(step)}  ${what} (${sqlstate}), ${next}${by}`;
  return [STEP_INDENT, styled('yellow', '↻'), text];
}

/** A line that stays; beneath the line of its file, when one is running. */
function said(state: ReportState, line: Line): Reported {
  const { current, hasHeading } = state;
  if (current === undefined || hasHeading) return { state, lines: [line], progress: undefined };
  const lines = [heading(current, ''), line];
  return { state: { ...state, hasHeading: true }, lines, progress: undefined };
}

/**
 * Progress. The line stands in `progress`, and among the lines when there is news or time has passed: who has a
 * terminal takes the one, who has none the other.
 */
function progressed(state: ReportState, key: string, nowMs: number, line: Line): Reported {
  const isNews = state.saidProgress !== key || nowMs - state.saidAtMs >= SAY_AGAIN_MS;
  if (!isNews) return { state, lines: [], progress: line };
  const next = { ...state, saidProgress: key, saidAtMs: nowMs };
  return { state: next, lines: [line], progress: line };
}

function heading(migration: MigrationRef, text: string): Line {
  return ['  ▸ ', `${padded(labelOf(migration))}${text}`.trimEnd()];
}

function fileLine(migration: MigrationRef, text: string): Line {
  return ['  ', styled('green', '✓'), ` ${padded(labelOf(migration))}${text}`];
}

function sayStep({ kind, number, count, line, index }: StepRef): string {
  const place = `${number}/${count}`;
  if (kind === 'index') return `${place} index ${index ?? ''}`.trimEnd();
  return kind === 'code' || kind === 'backfill'
    ? `${place} ${kind}`
    : `${place} ${kind}, line ${line}`;
}

/** With at least two spaces after it. */
function padded(text: string, width: number = LABEL_WIDTH): string {
  return text + ' '.repeat(Math.max(2, width - widthOf(text)));
}
