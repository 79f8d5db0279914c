import type { CleanupEvent } from '../events.ts';
import { plainText } from './plain-text.ts';
import { progressLine } from './progress-line.ts';

/** Tells on standard error what takes long. */
export interface Progress {
  event(event: CleanupEvent): void;
  /** What is done now, in place of what was said before; not in a log. */
  note(text: string): void;
  /** As a note, and in a log too. */
  say(text: string): void;
  /** Takes bars and notes off a terminal. */
  clear(): void;
}

/** Where progress goes. */
export interface Terminal {
  /** Undefined when it is no terminal, but a file or a pipe. */
  readonly columns: (() => number) | undefined;
  write(text: string): void;
}

/** Redrawing more often only flickers. */
const REDRAW_MS = 100;
/** Between two lines on one policy, in a log. */
const LINE_MS = 10_000;

/** The last that is known of one policy. */
export interface PolicyProgress {
  /** The last event that has figures. */
  readonly figures: CleanupEvent;
  /** Set while a throttle holds it back. */
  readonly waitsFor: string | undefined;
}

/** Bars on a terminal, lines elsewhere. `now` is in milliseconds. */
export function createProgress(terminal: Terminal, now: () => number): Progress {
  const policies = new Map<string, PolicyProgress>();
  const shown = terminal.columns === undefined ? logLines(terminal, now) : bars(terminal, now);
  return {
    event(event) {
      if (event.type === 'batch-failed' || event.type === 'row-blocked') return;
      const before = policies.get(event.policy)?.figures;
      const isWaiting = event.type === 'throttled';
      policies.set(event.policy, {
        figures: isWaiting ? (before ?? event) : event,
        waitsFor: isWaiting ? `${event.throttle}: ${event.reason}` : undefined,
      });
      shown.update(policies, event);
    },
    note: shown.note,
    say: shown.say,
    clear: shown.clear,
  };
}

/** Says nothing. */
export const silentProgress: Progress = { event() {}, note() {}, say() {}, clear() {} };

interface Display extends Pick<Progress, 'note' | 'say' | 'clear'> {
  update(policies: ReadonlyMap<string, PolicyProgress>, last: CleanupEvent): void;
}

function bars({ columns = () => 80, write }: Terminal, now: () => number): Display {
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let lines: readonly string[] = [];
  let note = '';
  const draw = (): void => {
    const width = Math.max(20, columns()) - 1;
    const all = [...lines, ...(note === '' ? [] : [note])];
    // A line that wraps could not be found again.
    const text = all.map((line) => `${Array.from(line).slice(0, width).join('')}\n`).join('');
    write(erase(drawn) + text);
    drawn = all.length;
    drawnAt = now();
  };
  const show = (text: string): void => {
    note = plainText(text);
    draw();
  };
  return {
    update(policies, last) {
      lines = [...policies].map(([policy, state]) => progressLine(policy, state, 'bar'));
      if (last.type !== 'batch' || now() - drawnAt >= REDRAW_MS) draw();
    },
    note: show,
    say: show,
    clear() {
      if (drawn > 0) write(erase(drawn));
      drawn = 0;
      lines = [];
      note = '';
    },
  };
}

/** The cursor goes up so many lines, and all below it is emptied. */
function erase(lineCount: number): string {
  return lineCount === 0 ? '' : `\u001B[${lineCount}A\r\u001B[J`;
}

function logLines({ write }: Terminal, now: () => number): Display {
  const saidAt = new Map<string, number>();
  return {
    update(policies, { type, policy }) {
      const state = policies.get(policy);
      if (!state) return;
      const at = now();
      const isEdge = type === 'policy-started' || type === 'policy-ended';
      if (!isEdge && at - (saidAt.get(policy) ?? at) < LINE_MS) return;
      saidAt.set(policy, at);
      write(`${progressLine(policy, state, 'line')}\n`);
    },
    // In a log, what is done is said when it is done.
    note() {},
    say(text) {
      write(`${plainText(text)}\n`);
    },
    clear() {},
  };
}
