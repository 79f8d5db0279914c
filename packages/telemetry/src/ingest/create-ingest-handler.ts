import type { EventResult } from '../wire.ts';
import { checkContent, checkMethod } from './check-headers.ts';
import { type IngestOptions, type ParsedIngestOptions, parseIngestOptions } from './options.ts';
import { parseBatch } from './parse-batch.ts';
import { readBody } from './read-body.ts';
import { guarded, type OnReject, requestRejection } from './rejection.ts';
import { RequestRefusal } from './request-refusal.ts';
import type { EventSink, IngestEvent, SinkOutcome } from './sink.ts';
import { type EventRules, type Validated, validateEvent } from './validate-event.ts';
import { createWriteGate, type WriteGate } from './write-gate.ts';

/** Asked of clients when there is no place, or an event is to be sent again. Writes take less. */
const RETRY_SOON_SECONDS = '1';
/** Asked of clients when the sink fails: what is down comes back in seconds, if not in minutes. */
const RETRY_LATER_SECONDS = '5';

/**
 * A handler of web-standard requests that takes batches of events from clients.
 *
 * It answers 200 only after the sink's commit, with a result for every event; an event that was sent
 * before is `ok` again. A request that cannot be handled at all gets 400, 401, 405, 408, 413 or 415;
 * when the sink fails or there is no place to wait for it, 503 with `Retry-After`. Never rejects.
 * Keeps no connection and no timer between requests.
 *
 * @throws InvalidOptionsError
 */
export function createIngestHandler(
  options: IngestOptions,
): (request: Request) => Promise<Response> {
  const parsed = parseIngestOptions(options);
  const { limits } = parsed;
  const gate = createWriteGate(limits.concurrentWrites, limits.waitingWrites);
  const onReject = guarded(parsed.onReject);
  return async (request) => {
    let sender: string | undefined;
    try {
      checkMethod(request);
      sender = await authenticate(request, parsed);
      return await ingest(request, sender, { ...parsed, gate, onReject });
    } catch (error) {
      const refusal = asRefusal(error);
      onReject(requestRejection(refusal, sender));
      return refusalResponse(refusal);
    }
  };
}

interface Handling extends ParsedIngestOptions {
  readonly gate: WriteGate;
  readonly onReject: OnReject;
}

async function authenticate(request: Request, { auth }: ParsedIngestOptions): Promise<string> {
  let sender: string | null;
  try {
    sender = await auth(request);
  } catch (cause) {
    const headers = { 'retry-after': RETRY_LATER_SECONDS };
    const message = 'The key cannot be checked now';
    throw new RequestRefusal(503, 'auth_failed', message, { headers, cause });
  }
  if (typeof sender === 'string') return sender;
  const headers = { 'www-authenticate': 'Bearer' };
  throw new RequestRefusal(401, 'unauthorized', 'Send a valid write key', { headers });
}

async function ingest(request: Request, sender: string, handling: Handling): Promise<Response> {
  const { limits, gate, onReject } = handling;
  const { isGzip } = checkContent(request);
  // Before the body is read: what cannot be stored should not take memory either.
  if (gate.isFull) throw overloaded();
  const text = await readBody(request, isGzip, { ...limits, bodyTimeoutMs: limits.bodyTimeout });
  const batch = parseBatch(text, limits.events);
  const receivedAt = new Date(handling.clock.now());
  const rules: EventRules = {
    events: handling.events,
    eventBytes: limits.eventBytes,
    pastMs: limits.past,
    futureMs: limits.future,
  };
  const validated = await Promise.all(
    batch.events.map((raw, index) => validateEvent(raw, index, batch, receivedAt, rules)),
  );
  let outcomes: ReadonlyMap<string, SinkOutcome>;
  try {
    outcomes = await write(validated, handling);
  } catch (error) {
    const refusal = asRefusal(error);
    onReject(requestRejection(refusal, sender));
    return resultsResponse(validated, () => ({ result: 'retry' }), refusal);
  }
  for (const each of validated) reportRejection(each, outcomes, sender, onReject);
  reportUnstored(outcomes, sender, onReject);
  return resultsResponse(validated, (each) => resultOf(each, outcomes));
}

/** The outcome of each valid event, by id; the first of those with the same id speaks for all. */
async function write(
  validated: readonly Validated[],
  { gate, sink }: Handling,
): Promise<ReadonlyMap<string, SinkOutcome>> {
  const events = new Map<string, IngestEvent>();
  for (const each of validated) {
    if ('event' in each && !events.has(each.event.id)) events.set(each.event.id, each.event);
  }
  if (events.size === 0) return new Map();
  const list = [...events.values()];
  const writing = gate.run(() => writeTo(sink, list));
  if (writing === undefined) throw overloaded();
  const outcomes = await writing;
  return new Map(list.map((event, index) => [event.id, outcomes[index] ?? { result: 'retry' }]));
}

async function writeTo(
  sink: EventSink,
  events: readonly IngestEvent[],
): Promise<readonly SinkOutcome[]> {
  try {
    const outcomes = await sink.write(events);
    if (outcomes.length === events.length) return outcomes;
    throw new Error(`The sink gave ${outcomes.length} outcomes for ${events.length} events`);
  } catch (cause) {
    const headers = { 'retry-after': RETRY_LATER_SECONDS };
    throw new RequestRefusal(503, 'sink_failed', 'Events cannot be stored now', { headers, cause });
  }
}

function resultOf(each: Validated, outcomes: ReadonlyMap<string, SinkOutcome>): EventResult {
  if ('rejection' in each) return { result: 'drop', details: each.details };
  const outcome = outcomes.get(each.event.id);
  if (outcome?.result === 'drop') return { result: 'drop', details: outcome.details };
  if (outcome?.result !== 'ok') return { result: 'retry' };
  return each.warning === undefined
    ? { result: 'ok' }
    : { result: 'warning', details: each.warning };
}

function reportRejection(
  each: Validated,
  outcomes: ReadonlyMap<string, SinkOutcome>,
  sender: string,
  onReject: OnReject,
): void {
  const facts = { type: 'event', sender, id: each.wireId, name: each.name } as const;
  if ('rejection' in each) {
    const { rejection: reason, details, cause } = each;
    onReject({ ...facts, reason, details, ...(cause !== undefined && { cause }) });
    return;
  }
  const outcome = outcomes.get(each.event.id);
  if (outcome?.result !== 'drop') return;
  const { details, cause } = outcome;
  const reason = 'refused_by_sink';
  onReject({ ...facts, reason, details, ...(cause !== undefined && { cause }) });
}

/** Once for all events that are to be sent again: it is the sink that failed, not one of them. */
function reportUnstored(
  outcomes: ReadonlyMap<string, SinkOutcome>,
  sender: string,
  onReject: OnReject,
): void {
  const unstored = [...outcomes.values()].filter(({ result }) => result === 'retry');
  if (unstored.length === 0) return;
  const [cause] = unstored.flatMap((outcome) => ('cause' in outcome ? [outcome.cause] : []));
  const details = `${unstored.length} of ${outcomes.size} events cannot be stored now`;
  onReject(requestRejection(new RequestRefusal(200, 'sink_failed', details, { cause }), sender));
}

/** 200, or the status of `refusal`. */
function resultsResponse(
  validated: readonly Validated[],
  resultFor: (each: Validated) => EventResult,
  refusal?: RequestRefusal,
): Response {
  const results = new Map<string, EventResult>();
  for (const each of validated) {
    // Of two events with one id a stored one speaks for both.
    const before = results.get(each.wireId);
    if (before === undefined || before.result === 'drop') results.set(each.wireId, resultFor(each));
  }
  const isRetry = [...results.values()].some(({ result }) => result === 'retry');
  return jsonResponse(refusal?.status ?? 200, refusal?.headers ?? retryHeaders(isRetry), {
    results: Object.fromEntries(results),
  });
}

function retryHeaders(isRetry: boolean): Record<string, string> {
  return isRetry ? { 'retry-after': RETRY_SOON_SECONDS } : {};
}

function refusalResponse(refusal: RequestRefusal): Response {
  const { status, headers, reason: code, message } = refusal;
  return jsonResponse(status, headers, { error: { code, message } });
}

function jsonResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}

function overloaded(): RequestRefusal {
  const headers = { 'retry-after': RETRY_SOON_SECONDS };
  return new RequestRefusal(503, 'overloaded', 'Too many writes are waiting', { headers });
}

function asRefusal(error: unknown): RequestRefusal {
  if (error instanceof RequestRefusal) return error;
  return new RequestRefusal(500, 'internal', 'The request could not be handled', { cause: error });
}
