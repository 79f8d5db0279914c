import type { EventDefinitions } from '../events.ts';
import type { StandardSchemaIssue } from '../standard-schema.ts';
import { isUuid } from '../uuid.ts';
import { eventTime, type TimeLimits } from './event-time.ts';
import { type Batch, isRecord } from './parse-batch.ts';
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
  readonly eventBytes: number;
}

/** Longer ids are not sent back. */
const MAX_WIRE_ID_LENGTH = 64;

/** Never rejects: whatever is wrong with an event, or with its schema, stays with it. */
export async function validateEvent(
  raw: unknown,
  index: number,
  batch: Batch,
  receivedAt: Date,
  rules: EventRules,
): Promise<Validated> {
  const { id, name } = isRecord(raw) ? raw : {};
  const isUsable = typeof id === 'string' && id.length <= MAX_WIRE_ID_LENGTH;
  return {
    wireId: isUsable ? id : `#${index}`,
    name: typeof name === 'string' ? name.slice(0, 200) : undefined,
    ...(await judge(raw, batch, receivedAt, rules)),
  };
}

async function judge(
  raw: unknown,
  batch: Batch,
  receivedAt: Date,
  rules: EventRules,
): Promise<Verdict> {
  if (!isRecord(raw)) return reject('malformed', 'not an object');
  const { id, name, props = {} } = raw;
  const context = raw['context'] ?? {};
  if (!isUuid(id)) return reject('bad_id', 'id: expected a UUID');
  if (isLarger(raw, rules.eventBytes, batch)) {
    return reject('too_large', `larger than ${rules.eventBytes} bytes`);
  }
  if (typeof name !== 'string') return reject('malformed', 'name: expected a string');
  if (!isRecord(context)) return reject('malformed', 'context: expected an object');
  // hasOwn: 'constructor' is no event.
  const schema = Object.hasOwn(rules.events, name) ? rules.events[name] : undefined;
  if (schema === undefined) return reject('unknown_event', 'there is no event of this name');
  try {
    const result = await schema['~standard'].validate(props);
    if (result.issues) return reject('invalid', describeIssues(result.issues));
    const time = eventTime(raw['timestamp'], batch.sentAt, receivedAt, rules);
    const { timestamp, warning } = time;
    const identity = { id: id.toLowerCase(), name, timestamp, receivedAt };
    return { event: { ...identity, props: result.value, context }, warning };
  } catch (cause) {
    return reject('invalid', 'the check of this event failed', cause);
  }
}

function reject(rejection: EventRejectReason, details: string, cause?: unknown): Verdict {
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
