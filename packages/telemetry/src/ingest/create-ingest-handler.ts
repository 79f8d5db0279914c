import { withTimeout } from '@ops/timeout';
import { createByteBudget } from './byte-budget.ts';
import { createCors } from './cors.ts';
import { createGroupCommit } from './group-commit.ts';
import { handleRequest, type Service } from './handle-request.ts';
import { createLostReports } from './lost-reports.ts';
import { createNotify } from './notify.ts';
import { type IngestOptions, parseIngestOptions } from './options.ts';
import { createRateLimit } from './rate-limit.ts';
import { retryAfterOf } from './request-refusal.ts';
import { createTally, type IngestStats } from './tally.ts';

/** Takes a request and never rejects. Neither it nor its methods need `this`. */
export interface IngestHandler extends AsyncDisposable {
  (request: Request): Promise<Response>;
  /** What was counted until now. A copy. */
  stats(): IngestStats;
  /**
   * Answers requests that come from now on with 503, and resolves when those under way are answered and
   * no event is pending. May be called again. The sink stays yours to end. Aborting `signal` rejects
   * with its reason and changes nothing else.
   */
  close(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** Longer than any timer can hold, which `withTimeout` takes as no limit. */
const NO_LIMIT_MS = 2 ** 32;

/**
 * A handler of web-standard requests that takes batches of events from clients.
 *
 * It answers 200 only after the sink's commit, with a result for every event; an event that was sent
 * before is `ok` again. A request that cannot be handled at all gets 400, 401, 403, 405, 408, 413, 415
 * or 429; when the sink fails or there is no place to wait for it, 503 with `Retry-After`.
 *
 * The events of small requests go to the sink together. A write goes on when its client has gone.
 * Between requests it keeps no connection and no timer.
 *
 * @throws InvalidOptionsError
 */
export function createIngestHandler(options: IngestOptions): IngestHandler {
  const service = createService(options);
  const { budget, commit, crossOrigin, tally } = service;
  const onIdle: (() => void)[] = [];
  let underWay = 0;
  let isClosed = false;

  const handle = async (request: Request): Promise<Response> => {
    underWay += 1;
    try {
      const response = await handleRequest(request, service, isClosed);
      const corsHeaders = Object.entries(crossOrigin?.headersFor(request) ?? {});
      for (const [name, value] of corsHeaders) response.headers.set(name, value);
      return response;
    } finally {
      underWay -= 1;
      if (underWay === 0) for (const resolve of onIdle.splice(0)) resolve();
    }
  };
  const drained = async (): Promise<void> => {
    const answered = new Promise<void>((resolve) => {
      if (underWay === 0) resolve();
      else onIdle.push(resolve);
    });
    // Both at once: a request under way may be waiting for company.
    await Promise.all([answered, commit.drain()]);
    // One that was reading its body then has submitted its events since.
    await commit.drain();
  };
  const close: IngestHandler['close'] = ({ signal } = {}) => {
    isClosed = true;
    return withTimeout(drained, NO_LIMIT_MS, { signal });
  };
  const stats = (): IngestStats => ({
    ...structuredClone(tally),
    heldBytes: budget.heldBytes,
  });
  return Object.assign(handle, { stats, close, [Symbol.asyncDispose]: () => close() });
}

function createService(options: IngestOptions): Service {
  const parsed = parseIngestOptions(options);
  const { clock, cors, events, limits, rateLimit, sink, unknownEvents } = parsed;
  const { eventBytes, past: pastMs, future: futureMs } = limits;
  const tally = createTally();
  return {
    ...parsed,
    tally,
    rules: { events, unknownEvents, eventBytes, pastMs, futureMs },
    commit: createGroupCommit({ ...limits, sink, clock }),
    retryAfter: retryAfterOf(limits.retryAfter),
    notify: createNotify(parsed, () => (tally.callbackErrors += 1)),
    lostReports: createLostReports(),
    budget: createByteBudget(limits.pendingBytes),
    crossOrigin: cors && createCors(cors),
    rate: rateLimit && createRateLimit(rateLimit, clock),
  };
}
