import { plainJson, quoted, type Redactor, valueTooLarge } from '../plain-json.ts';
import { uuid7 } from '../uuid.ts';
import { type BeforeSend, review } from './before-send.ts';
import type { ContextSnapshot } from './context-snapshot.ts';
import type { RefusalReason } from './drop.ts';
import type { QueuedEvent } from './event-queue.ts';
import { isSampled, type SampleRates, sampleRateOf } from './sample.ts';

/** An event that is ready to wait, or why there is none. */
export type Serialised =
  | { readonly event: QueuedEvent }
  | { readonly refusal: RefusalReason; readonly cause?: unknown };

/** Reads everything the host passed in, once. Never throws. */
export type SerialiseEvent = (
  name: unknown,
  props: unknown,
  context: ContextSnapshot,
) => Serialised;

interface SerialiseOptions {
  readonly clock: { now(): number };
  readonly maxEventBytes: number;
  /** Bytes of a text in UTF-8. */
  readonly utf8Length: (text: string) => number;
  readonly sample: SampleRates;
  readonly redactor: Redactor | undefined;
  readonly beforeSend: BeforeSend | undefined;
}

/** What an event says; `props` and `context` are JSON. */
interface Content {
  readonly name: string;
  readonly props: string;
  readonly context: string;
}

export function createSerialiser(options: SerialiseOptions): SerialiseEvent {
  const { clock, maxEventBytes, utf8Length, sample } = options;
  const isoTime = rememberedIsoTime();
  return (name, props, context) => {
    let isReviewing = false;
    try {
      if ('failure' in context) throw context.failure;
      const now = clock.now();
      const id = uuid7(now);
      const rate = typeof name === 'string' ? sampleRateOf(sample, name) : 1;
      if (!isSampled(userOf(context.values) ?? id, rate)) return { refusal: 'sampled' };
      const timestamp = isoTime(now);
      let content: Content | null = read(name, props, context.json, options);
      isReviewing = options.beforeSend !== undefined;
      if (isReviewing) content = reviewed(content, id, timestamp, options);
      if (content === null) return { refusal: 'before_send' };
      const json =
        `{"id":"${id}","name":${quoted(content.name)},"timestamp":"${timestamp}",` +
        `"props":${content.props},"context":${content.context}` +
        (rate < 1 ? `,"sampleRate":${rate}}` : '}');
      const sizeBytes = utf8Length(json);
      if (sizeBytes > maxEventBytes) throw valueTooLarge;
      const event = { name: content.name, json, sizeBytes, sequence: 0, firstAttemptAt: undefined };
      return { event };
    } catch (cause) {
      if (cause === valueTooLarge) return tooLarge(name, maxEventBytes);
      return { refusal: isReviewing ? 'callback_error' : 'unserializable', cause };
    }
  };
}

function read(name: unknown, props: unknown, context: string, options: SerialiseOptions): Content {
  const { maxEventBytes, redactor } = options;
  if (typeof name !== 'string') throw new TypeError('The event name is not a string');
  if (name.length > maxEventBytes) throw valueTooLarge;
  const json = plainJson(props === undefined ? {} : props, maxEventBytes, redactor);
  if (json === undefined) throw new TypeError(`The properties of event ${name} have no JSON`);
  return { name, props: json, context };
}

function reviewed(
  content: Content,
  id: string,
  timestamp: string,
  options: SerialiseOptions,
): Content | null {
  const { beforeSend, maxEventBytes, redactor } = options;
  if (beforeSend === undefined) return content;
  const event = review(beforeSend, {
    id,
    timestamp,
    name: content.name,
    props: JSON.parse(content.props),
    context: JSON.parse(content.context) as Record<string, unknown>,
  });
  if (event === null) return null;
  const context = plainJson(event.context, maxEventBytes, redactor);
  if (!context?.startsWith('{')) throw new TypeError('beforeSend gave a context that is no object');
  return read(event.name, event.props, context, options);
}

/** All events of one user are in a sample together, or none of them is. */
function userOf(context: Readonly<Record<string, unknown>>): string | undefined {
  const { userId } = context;
  return typeof userId === 'string' && userId !== '' ? userId : undefined;
}

/** Events come in bursts, and the text of a time costs a tenth of an event. */
function rememberedIsoTime(): (now: number) => string {
  let time = Number.NaN;
  let iso = '';
  return (now) => {
    if (now !== time) {
      iso = new Date(now).toISOString();
      time = now;
    }
    return iso;
  };
}

function tooLarge(name: unknown, maxBytes: number): Serialised {
  const shortName = String(name).slice(0, 200);
  const cause = new Error(`Event ${shortName} is larger than ${maxBytes} bytes`);
  return { refusal: 'too_large', cause };
}
