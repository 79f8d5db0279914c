import type { Front } from './engine/front.ts';

/** An event of `@ops/telemetry`, or of the same shape. */
export interface RecordedEvent {
  readonly name: string;
  /** `message` and `name` are the error's; `route` and `integration` its labels. */
  readonly props?: unknown;
}

/** An event of `@ops/health`, or of the same shape. */
export interface HealthTransition {
  readonly type: string;
  readonly check?: string | undefined;
  readonly to?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** Counts the event as an error where it is one. Never throws. */
export function recordEvent(front: Front, event: RecordedEvent): void {
  try {
    if (event.name !== 'error') return;
    const props = (event.props ?? {}) as Readonly<Record<string, unknown>>;
    front.error(
      { name: props['name'], message: props['message'] },
      { route: props['route'], integration: props['integration'] },
    );
  } catch {
    // Not an event that can be read: there is nothing to count.
  }
}

/** Counts a check that failed, or that passes again, as an outcome of its integration. Never throws. */
export function recordHealth(front: Front, event: HealthTransition): void {
  try {
    if (event.type !== 'change' || typeof event.check !== 'string') return;
    const labels = { integration: event.check };
    if (event.to === 'pass') front.outcome(true, undefined, labels);
    if (event.to !== 'fail') return;
    front.outcome(false, { name: event.code, message: event.message ?? 'check failed' }, labels);
  } catch {
    // As above.
  }
}
