/** An event as {@link BeforeSend} gets it: plain JSON data, a copy of its own, already redacted. */
export interface OutgoingEvent {
  readonly id: string;
  /** By the client's clock, as ISO 8601 in UTC. */
  readonly timestamp: string;
  name: string;
  props: unknown;
  context: Record<string, unknown>;
}

/**
 * Looks at an event inside `track()`, before it is queued. Returns it, changed or not, or another one
 * with `name`, `props` and `context`, which is redacted again; id and timestamp stay what they were.
 * Null leaves the event out (`before_send`). What throws or returns anything else, a promise too,
 * costs the event (`callback_error`).
 */
export type BeforeSend = (event: OutgoingEvent) => OutgoingEvent | null;

/**
 * Calls it. Null when the event is to be left out.
 *
 * @throws what `beforeSend` throws, and TypeError when it gives something that is no event.
 */
export function review(beforeSend: BeforeSend, event: OutgoingEvent): OutgoingEvent | null {
  const returned: unknown = beforeSend(event);
  if (returned === null) return null;
  if (typeof returned === 'object' && !('then' in returned)) return returned as OutgoingEvent;
  // An async one that fails must not become an unhandled rejection.
  if (typeof returned === 'object') Promise.resolve(returned).catch(() => {});
  throw new TypeError(
    'beforeSend returned neither an event nor null: it must return one, and no promise',
  );
}
