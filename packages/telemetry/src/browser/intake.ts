import type { OutgoingEvent } from '../client/before-send.ts';
import type { RefusalReason } from '../client/drop.ts';
import type { EventContext, Tracker } from '../client/telemetry.ts';
import type { EventDefinitions } from '../events.ts';
import type { Books } from './books.ts';
import { eventId } from './event-id.ts';
import type { ParsedOptions } from './read-options.ts';
import { toJson, valueTooLarge } from './to-json.ts';

/** As it was when it was passed in. Undefined when it could not be read: its events are refused. */
type Context = Record<string, unknown> | undefined;

/**
 * The way in: from the host's values to an accepted or refused event. Gives the tracker of a context.
 * `onAccepted` must not throw.
 */
export function createIntake<E extends EventDefinitions>(
  options: ParsedOptions,
  books: Books,
  onAccepted: () => void,
): Tracker<E> {
  const { page, queue, beforeSend, sample, redact } = options;
  const { maxEventBytes } = queue;
  const { refuse } = books;
  let isReading = false;

  /** Why no event is taken at all. */
  const barrier = (): RefusalReason | false =>
    books.isClosed ? 'closed' : books.consent === 'denied' && 'no_consent';

  const json = (value: object): string => toJson(value, maxEventBytes, redact);

  const take = (name: unknown, props: unknown, context: Context): boolean => {
    const reason = barrier() || (isReading && 'reentrant');
    if (reason) return refuse(reason);
    let failure: RefusalReason = 'unserializable';
    isReading = true;
    try {
      const now = page.Date.now();
      const id = eventId(now);
      const sampleRate = sample?.(name, context?.['userId'], id);
      if (sampleRate === 0) return refuse('sampled');
      const timestamp = new Date(now).toISOString();
      const write = (event: Partial<OutgoingEvent>): string => {
        const { name: ownName, props: ownProps = {}, context: own } = event;
        if (typeof ownName !== 'string' || !own) throw new TypeError();
        return json({ id, name: ownName, timestamp, props: ownProps, context: own, sampleRate });
      };
      let text = write({ name, props, context } as OutgoingEvent);
      if (beforeSend) {
        failure = 'callback_error';
        const event = beforeSend(JSON.parse(text) as OutgoingEvent);
        if (event === null) return refuse('before_send');
        text = write(event);
      }
      const size = new TextEncoder().encode(text).length;
      if (size > maxEventBytes) throw valueTooLarge;
      // Code that ran while it was read may have shut us down.
      const late = barrier();
      if (late) return refuse(late);
      if (!books.add({ id, json: text, size })) return refuse('queue_overflow');
      onAccepted();
      return true;
    } catch (cause) {
      return refuse(cause === valueTooLarge ? 'too_large' : failure, cause);
    } finally {
      // Also where the host has used up the stack, or every later event would be taken for reentrant.
      isReading = false;
    }
  };

  const extended = (parent: Context, extra: EventContext | undefined): Context => {
    try {
      const { context } = JSON.parse(json({ context: extra })) as { context?: Context };
      return parent && { ...parent, ...context };
    } catch {
      return undefined;
    }
  };

  const tracker = (context: Context): Tracker<E> => ({
    track: (name: unknown, props?: unknown) => take(name, props, context),
    with: (extra) => tracker(extended(context, extra)),
  });
  return tracker(extended({}, options.context));
}
