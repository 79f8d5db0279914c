import type { EventDefinitions } from '../events.ts';
import type { StandardSchemaIssue } from '../standard-schema.ts';
import { isUuid } from '../uuid.ts';
import { type DecodedEvent, isRecord } from './dialects/dialect.ts';
import { foreignEventId } from './event-id.ts';
import { eventTime, type TimeLimits } from './event-time.ts';
import type { Batch } from './parse-batch.ts';
import type { IngestEvent } from './sink.ts';

/** Why one event was refused. `refused_by_sink` is the table's doing, the rest are the handler's. */
export type EventRejectReason =
  | 'malformed'
  | 'bad_id'
  | 'too_large'
  | 'unknown_event'
  | 'invalid'
  | 'refused_by_sink';

/** What the checks say of one event. */
type Verdict =
  | { readonly event: IngestEvent; readonly warning: string | undefined }
  | {
      readonly rejection: EventRejectReason;
      readonly details: string;
      readonly cause?: unknown;
    };

/** An event of a batch after the checks. `wireId` is the key of its result. */
export type Validated = { readonly wireId: string; readonly name: string | undefined } & Verdict;

/** What events are checked against. */
export interface EventRules extends TimeLimits {
  readonly events: EventDefinitions;
  readonly unknownEvents: 'drop' | 'accept';
  readonly eventBytes: number;
}

/** What all events of a request have in common. */
export interface Arrival {
  readonly batch: Batch;
  readonly sender: string;
  readonly receivedAt: Date;
}

/** Longer ids are not sent back. */
const MAX_WIRE_ID_LENGTH = 64;

/** As `defineEvents` has it. */
const MAX_NAME_LENGTH = 200;

/** Never rejects: whatever is wrong with an event, or with its schema, stays with it. */
export async function validateEvent(
  raw: DecodedEvent | string,
  index: number,
  arrival: Arrival,
  rules: EventRules,
): Promise<Validated> {
  const { id, name } = typeof raw === 'string' ? {} : raw;
  const isUsable = typeof id === 'string' && id !== '' && id.length <= MAX_WIRE_ID_LENGTH;
  return {
    wireId: isUsable ? id : `#${index}`,
    name: typeof name === 'string' ? name.slice(0, MAX_NAME_LENGTH) : undefined,
    ...(await judge(raw, index, arrival, rules)),
  };
}

async function judge(
  raw: DecodedEvent | string,
  index: number,
  arrival: Arrival,
  rules: EventRules,
): Promise<Verdict> {
  if (typeof raw === 'string') return reject('malformed', raw);
  const { batch, sender, receivedAt } = arrival;
  try {
    if (isLarger(raw.raw, rules.eventBytes, batch)) {
      return reject('too_large', `larger than ${rules.eventBytes} bytes`);
    }
    const id = eventId(raw, index, arrival);
    if (id === undefined) return reject('bad_id', 'id: expected a UUID');
    const { name, context } = raw;
    if (typeof name !== 'string') return reject('malformed', 'name: expected a string');
    if (!isRecord(context)) return reject('malformed', 'context: expected an object');
    const checked = await checkProps(name, raw.props, rules);
    if ('rejection' in checked) return checked;
    const { warning, ...time } = eventTime(raw.timestamp, batch.sentAt, receivedAt, rules);
    const { sampleRate, warning: rateWarning } = rateOf(raw.sampleRate);
    const from = { receivedAt, source: sender, sampleRate };
    return {
      event: { id, name, props: checked.props, context, ...time, ...from },
      warning: warning ?? rateWarning,
    };
  } catch (cause) {
    return reject('invalid', 'the check of this event failed', cause);
  }
}

function eventId(raw: DecodedEvent, index: number, arrival: Arrival): string | undefined {
  if (arrival.batch.dialect.takesForeignIds) return foreignEventId(raw, arrival.sender, index);
  return isUuid(raw.id) ? raw.id.toLowerCase() : undefined;
}

async function checkProps(
  name: string,
  props: unknown,
  { events, unknownEvents }: EventRules,
): Promise<Extract<Verdict, { rejection: unknown }> | { readonly props: unknown }> {
  // hasOwn: 'constructor' is no event.
  const schema = Object.hasOwn(events, name) ? events[name] : undefined;
  if (schema !== undefined) {
    const result = await schema['~standard'].validate(props);
    return result.issues
      ? reject('invalid', describeIssues(result.issues))
      : { props: result.value };
  }
  if (unknownEvents === 'drop') return reject('unknown_event', 'there is no event of this name');
  if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return { props };
  return reject('malformed', `name: expected 1 to ${MAX_NAME_LENGTH} characters`);
}

function rateOf(sent: unknown): { readonly sampleRate: number; readonly warning?: string } {
  if (sent === undefined) return { sampleRate: 1 };
  if (typeof sent === 'number' && sent > 0 && sent <= 1) return { sampleRate: sent };
  return { sampleRate: 1, warning: 'sampleRate: not above 0 and at most 1; 1 is used' };
}

function reject(
  rejection: EventRejectReason,
  details: string,
  cause?: unknown,
): Extract<Verdict, { rejection: unknown }> {
  return { rejection, details, cause };
}

function isLarger(raw: unknown, limitBytes: number, batch: Batch): boolean {
  // No event is longer than all of them together; UTF-8 takes at most 3 bytes for a UTF-16 unit.
  if (batch.textLength * 3 <= limitBytes) return false;
  try {
    return Buffer.byteLength(JSON.stringify(raw)) > limitBytes;
  } catch {
    return true; // nested too deep to be written
  }
}

/** Enough to find the fault, bounded, since it is sent back. */
function describeIssues(issues: readonly StandardSchemaIssue[]): string {
  const lines = issues.slice(0, 5).map(({ message, path = [] }) => {
    const where = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  return lines.join('; ').slice(0, 500);
}
