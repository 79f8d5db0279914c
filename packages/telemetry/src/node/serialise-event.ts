import { plainValue, valueTooLarge } from '../plain-value.ts';
import { uuid7 } from '../uuid.ts';
import type { RefusalReason } from './drop.ts';
import type { QueuedEvent } from './event-queue.ts';

/** A context as it was when it was passed in; JSON of an object. */
export type ContextSnapshot =
  | { readonly values: Readonly<Record<string, unknown>>; readonly json: string }
  | { readonly failure: unknown };

/** An event that is ready to wait, or why there is none. */
export type Serialised =
  | { readonly event: QueuedEvent }
  | { readonly refusal: RefusalReason; readonly cause: unknown };

/**
 * What `extra` is now, on top of `parent`. One that cannot be read, or that no event could carry
 * within `maxBytes`, gives a failed snapshot:
 * its events are refused, since without the context they would say something else.
 */
export function snapshotContext(
  parent: ContextSnapshot,
  extra: unknown,
  maxBytes: number,
): ContextSnapshot {
  if ('failure' in parent) return parent;
  try {
    const values = extra === undefined || extra === null ? {} : plainValue(extra, maxBytes);
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      return { failure: new TypeError('The context is not an object') };
    }
    const all = { ...parent.values, ...values };
    return { values: all, json: JSON.stringify(all) };
  } catch (failure) {
    return { failure };
  }
}

/** Reads everything the host passed in, once. Never throws. */
export function serialiseEvent(
  name: unknown,
  props: unknown,
  context: ContextSnapshot,
  clock: { now(): number },
  maxBytes: number,
): Serialised {
  try {
    if (typeof name !== 'string') throw new TypeError('The event name is not a string');
    if ('failure' in context) throw context.failure;
    const value = plainValue(props === undefined ? {} : props, maxBytes);
    if (value === undefined) throw new TypeError(`The properties of event ${name} have no JSON`);
    const now = clock.now();
    const id = uuid7(now);
    const json =
      `{"id":"${id}","name":${JSON.stringify(plainValue(name, maxBytes))},` +
      `"timestamp":"${new Date(now).toISOString()}","props":${JSON.stringify(value)},` +
      `"context":${context.json}}`;
    const sizeBytes = Buffer.byteLength(json);
    if (sizeBytes > maxBytes) throw valueTooLarge;
    return {
      event: { id, name, json, sizeBytes, sequence: 0, firstAttemptAt: undefined },
    };
  } catch (cause) {
    if (cause !== valueTooLarge) return { refusal: 'unserializable', cause };
    const shortName = String(name).slice(0, 200);
    const tooLarge = new Error(`Event ${shortName} is larger than ${maxBytes} bytes`);
    return { refusal: 'too_large', cause: tooLarge };
  }
}
