import * as z from 'zod';
import { defineEvents, type WireResults } from '../../src/index.ts';
import {
  createIngestHandler,
  type IngestHandler,
  type IngestNotice,
  type IngestOptions,
  keys,
  type Rejection,
} from '../../src/ingest/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { type MemorySink, memorySink } from '../memory-sink.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

const events = defineEvents({
  ping: z.object({ n: z.number().default(7) }),
  text: z.string(),
  any: z.unknown(),
});

export interface Harness {
  readonly sink: MemorySink;
  readonly rejections: Rejection[];
  readonly notices: IngestNotice[];
  readonly handler: IngestHandler;
  /** Posts `body`, with a write key and as JSON unless `headers` say otherwise; null leaves one out. */
  post(
    body: NonNullable<RequestInit['body']> | null,
    headers?: Readonly<Record<string, string | null>>,
    path?: string,
  ): Promise<Response>;
  /** Posts a native batch. */
  send(list: readonly unknown[], fields?: Readonly<Record<string, unknown>>): Promise<Response>;
}

/** A handler over a sink in memory, at noon. */
export function harness(options: Partial<IngestOptions> = {}): Harness {
  const sink = memorySink();
  const rejections: Rejection[] = [];
  const notices: IngestNotice[] = [];
  const handler = createIngestHandler({
    events,
    sink,
    auth: keys({ web: 'write-key' }),
    onReject: (rejection) => void rejections.push(rejection),
    onEvent: (notice) => void notices.push(notice),
    clock: { now: () => NOW },
    ...options,
  });
  const post: Harness['post'] = (body, given = {}, path = '/api/telemetry') => {
    const headers = Object.entries({
      'content-type': 'application/json',
      authorization: 'Bearer write-key',
      ...given,
    }).filter((entry): entry is [string, string] => entry[1] !== null);
    return handler(
      new Request(`http://x${path}`, { method: 'POST', body, headers, duplex: 'half' }),
    );
  };
  const send: Harness['send'] = (list, fields = {}) =>
    post(JSON.stringify({ sentAt: new Date(NOW).toISOString(), events: list, ...fields }));
  return { sink, rejections, notices, handler, post, send };
}

export function pingEvent(fields: Readonly<Record<string, unknown>> = {}): { readonly id: string } {
  return {
    id: uuid7(NOW),
    name: 'ping',
    timestamp: '2026-03-01T11:59:59.000Z',
    props: { n: 1 },
    context: { userId: 'u' },
    ...fields,
  } as { readonly id: string };
}

export async function resultsOf(response: Response): Promise<WireResults['results']> {
  return ((await response.json()) as WireResults).results;
}
