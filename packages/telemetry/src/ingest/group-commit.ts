import type { Clock, Timer } from '@ops/timeout';
import { createIsolatedWrite } from './isolated-write.ts';
import type { EventSink, IngestEvent, SinkOutcome } from './sink.ts';
import { createSubmissionQueue, type SubmissionQueue } from './submission-queue.ts';

/** Gathers the events of many requests into few writes. */
export interface GroupCommit {
  /** No place left, not even to wait. */
  readonly isFull: boolean;
  /** Events that wait or are being written. */
  readonly pendingEvents: number;
  /**
   * The outcome of each event, after the commit of its write. Rejects when the sink can say nothing of
   * them. Undefined when there is no place. No two of the events may have the same id.
   */
  submit(events: readonly IngestEvent[]): Promise<readonly SinkOutcome[]> | undefined;
  /** From now on nothing waits for company. Resolves when nothing is pending. */
  drain(): Promise<void>;
}

/** How writes are put together, durations in milliseconds. */
export interface GroupCommitOptions {
  readonly sink: EventSink;
  readonly clock: Clock;
  /** Writes at one time. */
  readonly concurrentWrites: number;
  /** Events that may wait; a request is taken when less wait, however large it is. */
  readonly waitingEvents: number;
  /** Events in a write, unless one request alone has more. */
  readonly groupEvents: number;
  /** The longest time that events wait for company while there is a place to write. */
  readonly groupWait: number;
}

/**
 * A write starts when no other runs, when `groupEvents` wait, or when one has waited `groupWait`; so a
 * lone request waits for nothing, and under load groups fill while the writes before them commit.
 *
 * The events of a request stay together. Requests with an event in common go in different writes:
 * a second copy has a fate of its own when the first is refused.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { clock, waitingEvents } = options;
  const queue = createSubmissionQueue();
  const writer = createWriter(queue, options);
  return {
    get isFull() {
      return queue.events >= waitingEvents;
    },
    get pendingEvents() {
      return queue.events + writer.writingEvents;
    },
    submit(events) {
      if (queue.events >= waitingEvents) return undefined;
      return new Promise((resolve, reject) => {
        queue.push({ events, resolve, reject, submittedAtMs: clock.monotonic() });
        writer.pump();
      });
    },
    drain: () => new Promise((resolve) => writer.drain(resolve)),
  };
}

interface Writer {
  readonly writingEvents: number;
  /** Starts what is due, and a timer for what is due later. */
  pump(): void;
  drain(onIdle: () => void): void;
}

function createWriter(queue: SubmissionQueue, options: GroupCommitOptions): Writer {
  const { clock, groupEvents } = options;
  const write = createIsolatedWrite(options.sink, clock);
  const onIdle: (() => void)[] = [];
  const state = { running: 0, writingEvents: 0, isDraining: false };
  let timer: Timer | undefined;

  const startWrite = (): void => {
    const waitingBefore = queue.events;
    const group = queue.takeGroup(groupEvents);
    const events = waitingBefore - queue.events;
    state.writingEvents += events;
    state.running += 1;
    void write(group).finally(() => {
      state.running -= 1;
      state.writingEvents -= events;
      pump();
    });
  };
  const pump = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
    while (dueInMs(queue, options, state) === 0) startWrite();
    const delayMs = dueInMs(queue, options, state);
    if (delayMs !== Infinity) timer = unref(clock.setTimeout(pump, Math.ceil(delayMs)));
    if (queue.events + state.writingEvents === 0) for (const idle of onIdle.splice(0)) idle();
  };
  return {
    get writingEvents() {
      return state.writingEvents;
    },
    pump,
    drain(idle) {
      state.isDraining = true;
      onIdle.push(idle);
      pump();
    },
  };
}

/** Infinity when there is nothing to write or no place to: the end of a write asks again. */
function dueInMs(
  { events, first }: SubmissionQueue,
  { clock, concurrentWrites, groupEvents, groupWait }: GroupCommitOptions,
  { running, isDraining }: { readonly running: number; readonly isDraining: boolean },
): number {
  if (first === undefined || running >= concurrentWrites) return Infinity;
  if (running === 0 || events >= groupEvents || isDraining) return 0;
  return Math.max(0, first.submittedAtMs + groupWait - clock.monotonic());
}

/** A wait of milliseconds is no reason to keep a process alive: the requests that wait have sockets. */
function unref(timer: Timer): Timer {
  if (typeof timer === 'object') timer.unref?.();
  return timer;
}
