import type { EventResult } from '../wire.ts';
import type { QueuedEvent } from './event-queue.ts';

/** What one request came to. */
export type SendOutcome = {
  /** From `Retry-After`, whatever the status, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly status?: number | undefined;
} & (
  | { readonly kind: 'answered'; readonly results: Answers }
  | { readonly kind: 'too_large' | 'final' | 'failed'; readonly cause: unknown }
);

/** What the server says of each event by its id, not yet looked at. */
type Answers = Readonly<Record<string, unknown>>;

/** Sends one batch in one request. Never rejects. */
export type SendBatch = (
  batch: readonly QueuedEvent[],
  signal: AbortSignal,
) => Promise<SendOutcome>;

/** Statuses under 500 that say "later" rather than "no". */
const LATER = [408, 425, 429];

/** Judges by the status and the body, as text. */
export function outcomeOf(status: number, text: string): SendOutcome {
  const cause = new Error(`The ingest endpoint answered ${status}: ${text.slice(0, 200)}`);
  if (status === 413) return { status, kind: 'too_large', cause };
  if (status >= 400 && status < 500 && !LATER.includes(status)) {
    return { status, kind: 'final', cause };
  }
  const results = status === 200 ? parseResults(text) : undefined;
  // A 202 promises nothing. A 200 without results is a login page or a proxy: it says nothing about the events.
  return results === undefined
    ? { status, kind: 'failed', cause }
    : { status, kind: 'answered', results };
}

/** Undefined where the server says nothing of the event, or nothing that can be understood. */
export function resultOf(answers: Answers, id: string): EventResult | undefined {
  const answer = Object.hasOwn(answers, id) ? answers[id] : undefined;
  return isResult(answer) ? answer : undefined;
}

function parseResults(text: string): Answers | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const results: unknown = Reflect.get(body, 'results');
  return typeof results === 'object' && results !== null ? (results as Answers) : undefined;
}

function isResult(value: unknown): value is EventResult {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, 'result') === 'string'
  );
}
