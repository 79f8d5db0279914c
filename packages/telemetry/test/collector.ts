import { gunzipSync } from 'node:zlib';
import type { EventResult, WireBatch, WireEvent } from '../src/index.ts';

/** A request that the client has sent and that waits for its answer. */
interface Received {
  readonly batch: WireBatch;
  readonly events: readonly WireEvent[];
  readonly headers: Headers;
  readonly bodyBytes: number;
  readonly at: number;
}

type Answer = (received: Received) => Response | Promise<Response>;

export interface Collector {
  readonly fetch: typeof globalThis.fetch;
  readonly received: Received[];
  /** What the coming requests get, one each; afterwards all are ok. */
  script(...answers: Answer[]): void;
}

/** A `fetch` that takes batches like an ingest handler, by script. */
export function collector(now: () => number = Date.now): Collector {
  const received: Received[] = [];
  const answers: Answer[] = [];
  return {
    received,
    script: (...more) => void answers.push(...more),
    fetch: async (_input, init) => {
      const body = Buffer.from(init?.body as string | Uint8Array);
      const headers = new Headers(init?.headers);
      const isGzip = headers.get('content-encoding') === 'gzip';
      const batch = JSON.parse((isGzip ? gunzipSync(body) : body).toString()) as WireBatch;
      const { events } = batch;
      const one = { batch, events, headers, bodyBytes: body.byteLength, at: now() };
      received.push(one);
      return (answers.shift() ?? ok)(one);
    },
  };
}

export const ok: Answer = results(() => ({ result: 'ok' }));

export function results(
  of: (event: WireEvent) => EventResult,
  headers: Record<string, string> = {},
): Answer {
  return ({ events }) =>
    Response.json({ results: Object.fromEntries(events.map((e) => [e.id, of(e)])) }, { headers });
}

export function status(code: number, headers: Record<string, string> = {}): Answer {
  return () => new Response(`answer ${code}`, { status: code, headers });
}

export function networkError(): Answer {
  return () => {
    throw new TypeError('fetch failed');
  };
}
