import type { IngestEvent } from '../../ingest/sink.ts';
import { isUuid } from '../../uuid.ts';
import type { Line } from './lines.ts';

/**
 * One event to replay: what a client sends (`WireEvent`), with more where it is known. In NDJSON,
 * times are ISO 8601. Other keys are not looked at.
 */
export interface ReplayRecord {
  /** A UUID of any version. */
  readonly id: string;
  readonly name: string;
  readonly timestamp: string | Date;
  readonly props?: unknown;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** @default the timestamp */
  readonly clientTimestamp?: string | Date | undefined;
  /** @default now */
  readonly receivedAt?: string | Date | undefined;
  /** @default the `source` option */
  readonly source?: string | undefined;
  /** In (0, 1]. @default 1 */
  readonly sampleRate?: number | undefined;
}

/** A line that is no event. The message says what is wrong, without the line's content. */
export class MalformedLine extends Error {
  override readonly name = 'MalformedLine';
}

/** What a line leaves open. */
export interface RecordDefaults {
  readonly source: string;
  readonly receivedAt: Date;
}

/** @throws MalformedLine */
export function eventOf(line: Line, defaults: RecordDefaults): IngestEvent {
  if ('problem' in line) throw new MalformedLine(line.problem);
  const record = 'text' in line ? parse(line.text) : line.value;
  if (!isRecord(record)) throw new MalformedLine('not an object');
  const { id, name } = record;
  const context = record['context'] ?? {};
  const source = record['source'] ?? defaults.source;
  const sampleRate = record['sampleRate'] ?? 1;
  if (!isUuid(id)) throw new MalformedLine('id: expected a UUID');
  if (typeof name !== 'string' || name === '') throw new MalformedLine('name: expected a text');
  if (!isRecord(context)) throw new MalformedLine('context: expected an object');
  if (typeof source !== 'string') throw new MalformedLine('source: expected a text');
  if (typeof sampleRate !== 'number' || !(sampleRate > 0 && sampleRate <= 1)) {
    throw new MalformedLine('sampleRate: expected a number above 0, at most 1');
  }
  const timestamp = timeOf(record, 'timestamp');
  if (timestamp === undefined) throw new MalformedLine('timestamp: missing');
  return {
    id: id.toLowerCase(),
    name,
    props: record['props'] ?? {},
    context,
    timestamp,
    clientTimestamp: timeOf(record, 'clientTimestamp') ?? timestamp,
    receivedAt: timeOf(record, 'receivedAt') ?? defaults.receivedAt,
    source,
    sampleRate,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MalformedLine('not JSON', { cause });
  }
}

/** With a zone: without one it would be a different time on each machine. */
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i;

function timeOf(record: Readonly<Record<string, unknown>>, key: string): Date | undefined {
  const value = record[key] ?? undefined;
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  if (typeof value === 'string' && ISO_TIME.test(value)) {
    const time = new Date(value);
    if (!Number.isNaN(time.getTime())) return time;
  }
  throw new MalformedLine(`${key}: expected an ISO 8601 time with its zone`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
