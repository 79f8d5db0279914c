import type { OutcomeCode, Status } from './status.ts';

/** A check's status, after damping and `critical`, is another than before. */
export interface ChangeEvent {
  readonly type: 'change';
  readonly check: string;
  /** `not_run` before the first result. */
  readonly from: Status | 'not_run';
  readonly to: Status;
  readonly code: OutcomeCode;
  /** What went wrong, redacted and cut. */
  readonly message?: string | undefined;
  readonly at: Date;
}

/** A group's status, `all` included, is another than before. */
export interface GroupChangeEvent {
  readonly type: 'group-change';
  readonly group: string;
  readonly from: Status;
  readonly to: Status;
  /** Code of the first of the worst checks, or `shutting_down`, or `fatal`. */
  readonly code: OutcomeCode;
  /** With `fatal`: the reason, redacted and cut. */
  readonly message?: string | undefined;
  readonly at: Date;
}

/** A publisher could not tell of a transition, which it is not told of again. */
export interface PublisherFailedEvent {
  readonly type: 'publisher-failed';
  readonly publisher: string;
  /** Worked out from what was thrown, as a check's. */
  readonly code: OutcomeCode;
  /** Redacted and cut. */
  readonly message?: string | undefined;
  readonly at: Date;
}

/** What publishers are told. */
export type Transition = ChangeEvent | GroupChangeEvent;

/**
 * What `onEvent` is told: transitions, and failures to tell of them. A check with `every` that grows stale is told of when
 * somebody looks; one without is not, since nobody asked it: its next result tells.
 */
export type HealthEvent = Transition | PublisherFailedEvent;

/** Hands events on to listeners. */
export interface EventFeed {
  emit(events: readonly HealthEvent[]): void;
  /** Gives back what ends it. */
  subscribe(listener: (event: HealthEvent) => void): () => void;
}

/**
 * Neither a listener's throwing nor its rejecting reaches the engine or another listener. What a
 * listener brings about by what it does is told after what it was told.
 */
export function createEventFeed(): EventFeed {
  const listeners = new Set<(event: HealthEvent) => void>();
  const queue: HealthEvent[] = [];
  let isEmitting = false;
  return {
    emit: (events) => {
      queue.push(...events);
      if (isEmitting) return;
      isEmitting = true;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        for (const listener of listeners) tell(listener, next);
      }
      isEmitting = false;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

function tell(listener: (event: HealthEvent) => void, event: HealthEvent): void {
  try {
    const result: unknown = listener(event);
    // An async listener rejects instead of throwing.
    if (typeof result === 'object') Promise.resolve(result).catch(() => {});
  } catch {
    // A listener's fault is not a fault of what it listens to.
  }
}
