import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Clock } from '@ops/timeout';
import { type Fetch, parseRetryAfter } from '@ops/timeout/fetch';
import type { EventResult } from '../wire.ts';
import type { QueuedEvent } from './event-queue.ts';
import { readCapped } from './read-capped.ts';

/** What one request came to. */
export type SendOutcome = {
  /** From `Retry-After`, whatever the status. */
  readonly retryAfterMs?: number | undefined;
  readonly status?: number | undefined;
} & (
  | { readonly kind: 'answered'; readonly results: ReadonlyMap<string, EventResult> }
  | { readonly kind: 'too_large' | 'final' | 'failed'; readonly cause: unknown }
);

/** Sends one batch in one request. Never rejects. */
export type SendBatch = (
  batch: readonly QueuedEvent[],
  signal: AbortSignal,
) => Promise<SendOutcome>;

interface SendBatchOptions {
  readonly endpoint: string;
  readonly key: string;
  /** With its time limit in it. */
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** Below this gzip saves less than a packet. */
const GZIP_FROM_BYTES = 1024;
/** An answer for 10,000 events is about 700 kB; a server that sends more is not ours. */
const MAX_ANSWER_BYTES = 2_000_000;
/** Statuses under 500 that say "later" rather than "no". */
const LATER = new Set([408, 425, 429]);

const compress = promisify(gzip);

export function createSendBatch(options: SendBatchOptions): SendBatch {
  const { endpoint, key, fetch, clock } = options;
  return async (batch, signal) => {
    try {
      const { body, encoding } = await encode(batch, clock.now());
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...(encoding !== undefined && { 'content-encoding': encoding }),
        },
        body,
        signal,
        // Following a 301 or 302 would turn the POST into a GET and lose the batch.
        redirect: 'manual',
      });
      // Inside, since what a fetch of the host's gives may be no Response at all.
      return await judge(response, clock);
    } catch (cause) {
      return { kind: 'failed', cause };
    }
  };
}

async function encode(
  batch: readonly QueuedEvent[],
  now: number,
): Promise<{ body: Uint8Array<ArrayBuffer> | string; encoding?: 'gzip' }> {
  const sentAt = new Date(now).toISOString();
  const body = `{"sentAt":"${sentAt}","events":[${batch.map((event) => event.json).join(',')}]}`;
  const sizeBytes = batch.reduce((total, event) => total + event.sizeBytes, 0);
  if (sizeBytes <= GZIP_FROM_BYTES) return { body };
  // Level 1 costs a third of level 6 and saves nearly as much on events, which repeat themselves.
  const compressed = await compress(body, { level: constants.Z_BEST_SPEED });
  return { body: new Uint8Array(compressed), encoding: 'gzip' };
}

async function judge(response: Response, clock: Clock): Promise<SendOutcome> {
  const { status } = response;
  const wait = parseRetryAfter(response.headers.get('retry-after'), clock.now());
  const facts = { status, ...(wait !== undefined && { retryAfterMs: wait }) };
  let text: string;
  try {
    // Read whatever the status: a connection whose body is left unread cannot be used again.
    text = await readCapped(response, MAX_ANSWER_BYTES);
  } catch (cause) {
    if (response.ok) return { ...facts, kind: 'failed', cause };
    text = '';
  }
  const cause = new Error(`The ingest endpoint answered ${status}: ${text.slice(0, 200)}`);
  if (status === 413) return { ...facts, kind: 'too_large', cause };
  if (status >= 400 && status < 500 && !LATER.has(status))
    return { ...facts, kind: 'final', cause };
  const results = status === 200 ? parseResults(text) : undefined;
  // A 202 promises nothing. A 200 without results is a login page or a proxy: it says nothing about the events.
  return results === undefined
    ? { ...facts, kind: 'failed', cause }
    : { ...facts, kind: 'answered', results };
}

function parseResults(text: string): Map<string, EventResult> | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const results: unknown = Reflect.get(body, 'results');
  if (typeof results !== 'object' || results === null) return undefined;
  const entries = Object.entries(results).filter(([, result]) => isResult(result));
  return new Map(entries as [string, EventResult][]);
}

function isResult(value: unknown): value is EventResult {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, 'result') === 'string'
  );
}
