import type { EventResult } from '../wire.ts';
import type { Dialect } from './dialects/dialect.ts';
import { RequestRefusal, type RetryAfter } from './request-refusal.ts';
import type { SinkOutcome } from './sink.ts';
import type { Validated } from './validate-event.ts';

/** Results by the id that the client knows. Of two events with one id a stored one speaks for both. */
export type Results = ReadonlyMap<string, EventResult>;

export function collectResults(
  validated: readonly Validated[],
  resultFor: (each: Validated) => EventResult,
): Results {
  const results = new Map<string, EventResult>();
  for (const each of validated) {
    const before = results.get(each.wireId);
    if (before === undefined || before.result === 'drop') results.set(each.wireId, resultFor(each));
  }
  return results;
}

export function resultOf(each: Validated, outcomes: ReadonlyMap<string, SinkOutcome>): EventResult {
  if ('rejection' in each) return { result: 'drop', details: each.details };
  const outcome = outcomes.get(each.event.id);
  if (outcome?.result === 'drop') return { result: 'drop', details: outcome.details };
  if (outcome?.result !== 'ok') return { result: 'retry' };
  return each.warning === undefined
    ? { result: 'ok' }
    : { result: 'warning', details: each.warning };
}

/**
 * The answer to a request that was handled. A client that reads no results is told what it can be told
 * by the status alone: 503 when one event is to be sent again, since then all must be, and 400 when
 * every one was dropped, so that it counts them as failed.
 */
export function resultsResponse(
  results: Results,
  dialect: Dialect,
  { soon }: RetryAfter,
): Response {
  const all = [...results.values()];
  const isRetry = all.some(({ result }) => result === 'retry');
  if (dialect.hasResults) {
    const headers = isRetry ? retryIn(soon) : {};
    return textResponse(200, headers, resultsText(results));
  }
  if (isRetry) {
    const error = { code: 'sink_failed', message: 'Some events cannot be stored now' };
    return jsonResponse(503, retryIn(soon), { error });
  }
  if (all.length > 0 && all.every(({ result }) => result === 'drop')) {
    const message = all[0]?.details ?? 'No event could be stored';
    return jsonResponse(400, {}, { error: { code: 'all_dropped', message } });
  }
  return jsonResponse(200, {}, dialect.success);
}

/** All events are to be sent again, for the reason in `refusal`. */
export function retryResponse(
  validated: readonly Validated[],
  dialect: Dialect,
  refusal: RequestRefusal,
  retryAfter: RetryAfter,
): Response {
  if (!dialect.hasResults) return refusalResponse(refusal, retryAfter);
  const results = collectResults(validated, () => ({ result: 'retry' }));
  return textResponse(refusal.status, headersOf(refusal, retryAfter), resultsText(results));
}

export function refusalResponse(refusal: RequestRefusal, retryAfter: RetryAfter): Response {
  const { status, reason, message } = refusal;
  return jsonResponse(status, headersOf(refusal, retryAfter), { error: { code: reason, message } });
}

function headersOf(
  { headers, retry }: RequestRefusal,
  retryAfter: RetryAfter,
): Readonly<Record<string, string>> {
  if (retry === undefined) return headers;
  return { ...headers, ...retryIn(typeof retry === 'number' ? retry : retryAfter[retry]) };
}

/** What is no refusal is a fault of this package, and tells the client nothing. */
export function asRefusal(error: unknown): RequestRefusal {
  if (error instanceof RequestRefusal) return error;
  return new RequestRefusal(500, 'internal', 'The request could not be handled', { cause: error });
}

function retryIn(seconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(seconds) };
}

/**
 * `{ results }` as JSON. Written by hand: making an object with 1,000 ids as keys took a quarter of all
 * CPU of a request, since each key that no object had before changes its shape.
 */
function resultsText(results: Results): string {
  const members = [...results].map(
    ([id, result]) => `${JSON.stringify(id)}:${JSON.stringify(result)}`,
  );
  return `{"results":{${members.join(',')}}}`;
}

function jsonResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Response {
  return textResponse(status, headers, JSON.stringify(body));
}

function textResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}
