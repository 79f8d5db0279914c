import type { IngestEvent } from '../ingest/sink.ts';
import { plainText, plainValue } from '../plain-value.ts';
import type { EventField } from './options.ts';
import type { TargetColumn } from './table-layout.ts';

/** The values of one event, as text, in the order of the columns. The server casts them. */
export type Row = readonly (string | null)[];

/** A value that its column can only refuse. The message is sent to the client. */
export class UnwritableValue extends Error {
  override readonly name = 'UnwritableValue';
}

/**
 * Throws when the event cannot be written as text at all, or a value cannot be a `uuid`: the server
 * would refuse it too, but only after a round trip for each half of its batch.
 */
export function rowOf(event: IngestEvent, columns: readonly TargetColumn[]): Row {
  return columns.map(({ field, type }) => {
    const value = FIELDS[field](event);
    if (type === 'uuid' && value !== null && !UUID_INPUT.test(value)) {
      throw new UnwritableValue(`${field} is not a uuid`);
    }
    return value;
  });
}

/** What PostgreSQL takes: braces, and a hyphen after any group of four digits. */
const UUID_INPUT = /^(?:\{[\da-f]{4}(?:-?[\da-f]{4}){7}\}|[\da-f]{4}(?:-?[\da-f]{4}){7})$/i;

const FIELDS: Readonly<Record<EventField, (event: IngestEvent) => string | null>> = {
  id: ({ id }) => id,
  name: ({ name }) => plainText(name),
  userId: ({ context }) => scalar(context['userId']),
  path: ({ context }) => scalar(context['path']),
  props: ({ props }) => json(props),
  context: ({ context }) => json(context),
  timestamp: ({ timestamp }) => timestamp.toISOString(),
  receivedAt: ({ receivedAt }) => receivedAt.toISOString(),
};

function scalar(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? plainText(value) : json(value);
}

function json(value: unknown): string | null {
  const plain = plainValue(value);
  return plain === undefined ? null : JSON.stringify(plain);
}
