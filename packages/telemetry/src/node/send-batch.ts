import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Clock } from '@ops/timeout';
import { type Fetch, parseRetryAfter } from '@ops/timeout/fetch';
import { outcomeOf, type SendBatch, type SendOutcome } from '../client/answer.ts';
import type { QueuedEvent } from '../client/event-queue.ts';
import type { LossLedger } from '../client/loss-report.ts';
import { readCapped } from './read-capped.ts';

interface SendBatchOptions {
  readonly endpoint: string;
  readonly key: string;
  /** Bytes of JSON; a smaller body goes as it is. */
  readonly gzipFrom: number;
  /** With its time limit in it. */
  readonly fetch: Fetch;
  readonly ledger: LossLedger;
  readonly clock: Clock;
}

/** An answer has about 70 bytes for each event; a server that sends more than this is not ours. */
const MAX_ANSWER_BYTES = 1_000_000;
const MAX_ANSWER_BYTES_PER_EVENT = 1_000;

const compress = promisify(gzip);

export function createSendBatch(options: SendBatchOptions): SendBatch {
  const { endpoint, fetch, ledger, clock } = options;
  return async (batch, signal) => {
    try {
      const text = bodyOf(batch, ledger, clock.now());
      const isPlain = Buffer.byteLength(text) < options.gzipFrom;
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${options.key}`,
          'content-type': 'application/json',
          ...(!isPlain && { 'content-encoding': 'gzip' }),
        },
        // Level 1 costs a third of level 6 and saves nearly as much on events, which repeat themselves.
        body: isPlain ? text : await compress(text, { level: constants.Z_BEST_SPEED }),
        signal,
        // Following a 301 or 302 would turn the POST into a GET and lose the batch.
        redirect: 'manual',
      });
      // Inside, since what a fetch of the host's gives may be no Response at all.
      const outcome = await judge(response, batch.length, clock);
      if (outcome.kind === 'answered') ledger.acknowledge();
      return outcome;
    } catch (cause) {
      return { kind: 'failed', cause };
    }
  };
}

function bodyOf(batch: readonly QueuedEvent[], ledger: LossLedger, now: number): string {
  const report = ledger.current(now);
  const sentAt = new Date(now).toISOString();
  const head = JSON.stringify({ sentAt, ...report }).slice(0, -1);
  return `${head},"events":[${batch.map((event) => event.json).join(',')}]}`;
}

async function judge(response: Response, eventCount: number, clock: Clock): Promise<SendOutcome> {
  const { status } = response;
  const wait = parseRetryAfter(response.headers.get('retry-after'), clock.now());
  const facts = { status, ...(wait !== undefined && { retryAfterMs: wait }) };
  let text: string;
  try {
    // Read whatever the status: a connection whose body is left unread cannot be used again.
    text = await readCapped(response, MAX_ANSWER_BYTES + eventCount * MAX_ANSWER_BYTES_PER_EVENT);
  } catch (cause) {
    if (response.ok) return { ...facts, kind: 'failed', cause };
    text = '';
  }
  return { ...outcomeOf(status, text), ...facts };
}
