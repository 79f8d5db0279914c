import type { OutcomeCode, Status } from './check.ts';

/** A check's status, after `critical` was applied, is another than before. */
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

/**
 * A group's status, `all` included, is another than before. Results that grow stale change nothing
 * here: nothing runs then, and the next result tells.
 */
export interface GroupChangeEvent {
  readonly type: 'group-change';
  readonly group: string;
  readonly from: Status;
  readonly to: Status;
  /** Code of the first of the worst checks, or `shutting_down`. */
  readonly code: OutcomeCode;
  readonly at: Date;
}

/** What `onEvent` is told. */
export type HealthEvent = ChangeEvent | GroupChangeEvent;

/** Calls a listener so that neither its throwing nor its rejecting reaches the engine. */
export function notifier(
  listener: ((event: HealthEvent) => void) | undefined,
): (event: HealthEvent) => void {
  return (event) => {
    try {
      const result: unknown = listener?.(event);
      // An async listener rejects instead of throwing.
      if (typeof result === 'object') Promise.resolve(result).catch(() => {});
    } catch {
      // A listener's fault is not a fault of what it listens to.
    }
  };
}
