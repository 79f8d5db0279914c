import { attemptsOf, recordAttempts } from '../attempts.ts';
import type { Outcome } from '../classify.ts';
import type { Clock } from '../clock.ts';
import { type Deadline, deadlineIn } from '../deadline.ts';
import type { PipelineEvent } from '../events.ts';
import { pipeline } from '../pipeline.ts';
import type { Policy, Run } from '../policy.ts';
import { type RetryOptions, retry } from '../retry.ts';
import { discard, Exchange, exchangeOnce, type HttpCall, type Read, toPublic } from './exchange.ts';
import { holdBody } from './hold-body.ts';
import type {
  Fetch,
  FetchSettings,
  Resilience,
  ResilientFetch,
  ResilientRequestInit,
} from './options.ts';
import { replayable } from './replayable-request.ts';
import { readResilience } from './resilience.ts';
import { soonest } from './soonest.ts';

/** What sends requests; a made fetch is a view of one. */
export interface Engine {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly canRetry: boolean;
  readonly parentDeadline: (() => Deadline | undefined) | undefined;
  readonly fetch: ResilientFetch;
  /**
   * As `fetch`, but `read` is part of each attempt: under its time limit, and repeated with it. A
   * response that failed for good is read once, at the end.
   */
  exchange<T>(input: Parameters<Fetch>[0], init: ResilientRequestInit, read: Read<T>): Promise<T>;
  /** The same, breaker and bulkhead included, with other rules for repeating. */
  withRetry(options: RetryOptions): Engine;
}

const engines = /* @__PURE__ */ new WeakMap<object, Engine>();

/** What is behind a fetch that `createFetch` made. */
export function engineOf(fetch: Fetch): Engine | undefined {
  return engines.get(fetch);
}

export function createEngine(settings: FetchSettings): Engine {
  const perform = createPerform(settings);
  const fetch: ResilientFetch = async (input, init) => {
    const deadline = deadlineOf(settings, init?.resilience);
    const exchange = await perform(input, init, deadline, undefined);
    return hand(exchange, deadline, callerSignal(input, init), settings);
  };
  const engine: Engine = {
    clock: settings.clock,
    timeoutMs: settings.timeoutMs,
    canRetry: settings.retry !== undefined,
    parentDeadline: settings.parentDeadline,
    fetch,
    async exchange(input, init, read) {
      const deadline = deadlineOf(settings, init.resilience);
      const exchange = await perform(input, init, deadline, read);
      if (exchange.result !== undefined) return exchange.result.value;
      return read(hand(exchange, deadline, callerSignal(input, init), settings));
    },
    withRetry: (options) =>
      createEngine({ ...settings, retry: retry({ budget: settings.budget, ...options }) }),
  };
  engines.set(fetch, engine);
  return engine;
}

/** Ends with a response that is not read yet, or with what `read` made of it. */
type Perform = <T>(
  input: Parameters<Fetch>[0],
  init: ResilientRequestInit | undefined,
  deadline: Deadline,
  read: Read<T> | undefined,
) => Promise<Exchange<T>>;

function createPerform(settings: FetchSettings): Perform {
  const { bulkhead, circuitBreaker, hedge, attemptTimeout } = settings;
  const run = compose(settings, [bulkhead, settings.retry, circuitBreaker, hedge, attemptTimeout]);
  const runOnce = compose(settings, [bulkhead, circuitBreaker, attemptTimeout]);
  const canRepeat = settings.retry !== undefined || hedge !== undefined;

  return async <T>(
    input: Parameters<Fetch>[0],
    init: ResilientRequestInit | undefined,
    deadline: Deadline,
    read: Read<T> | undefined,
  ): Promise<Exchange<T>> => {
    const resilience = readResilience(init);
    const request = replayable(input, init, resilience);
    const isOnlyAttempt = !canRepeat || !request.isReplayable || resilience.retry === false;
    const call: HttpCall<T> = { request, read, isOnlyAttempt, exchanges: new Set(), settings };
    let kept: Exchange<T> | undefined;
    try {
      kept = await (isOnlyAttempt ? runOnce : run)((context) => exchangeOnce(call, context), {
        signal: callerSignal(input, init),
        deadline,
        key: resilience.key ?? settings.key(urlOf(input)),
        idempotent: request.isIdempotent,
      });
      publishAttempts({ ok: true, value: kept.response }, kept);
      return kept;
    } catch (error) {
      publishAttempts({ ok: false, error }, error);
      throw error;
    } finally {
      request.release();
      for (const exchange of call.exchanges) if (exchange !== kept) discard(exchange.response);
    }
  };
}

/** Gives the response out, unless the caller aborted at the moment at which it came. */
function hand(
  exchange: Exchange<unknown>,
  deadline: Deadline,
  caller: AbortSignal | undefined,
  settings: FetchSettings,
): Response {
  if (caller?.aborted) {
    discard(exchange.response);
    throw caller.reason;
  }
  return holdBody(exchange, deadline, caller, settings);
}

function compose(settings: FetchSettings, layers: readonly (Policy | undefined)[]): Run {
  const { classify, clock, random, onEvent } = settings;
  const policies = layers.filter((policy) => policy !== undefined);
  const hasRetry = policies.some(({ kind }) => kind === 'retry');
  return pipeline(
    {
      clock,
      random,
      classify: (outcome, context) =>
        outcome.ok && outcome.value instanceof Exchange
          ? outcome.value.verdict
          : classify(outcome, context),
      onEvent: hasRetry || onEvent !== undefined ? (event) => watch(event, onEvent) : undefined,
    },
    ...policies,
  );
}

/** A response that is not the last one is thrown away before the wait, not after it. */
function watch(event: PipelineEvent, onEvent: FetchSettings['onEvent']): void {
  if (!('outcome' in event)) {
    onEvent?.(event);
    return;
  }
  const { outcome } = event;
  if (event.type === 'retry' && outcome.ok && outcome.value instanceof Exchange) {
    discard((outcome.value as Exchange<unknown>).response);
  }
  onEvent?.({ ...event, outcome: toPublic(outcome) });
}

/** `attemptsOf` tells of responses. */
function publishAttempts(outcome: Outcome, subject: unknown): void {
  const log = attemptsOf(subject);
  if (log.length === 0) return;
  recordAttempts(
    outcome,
    log.map((record) => ({ ...record, outcome: toPublic(record.outcome) })),
  );
}

function deadlineOf(settings: FetchSettings, resilience: Resilience | undefined): Deadline {
  const { timeoutMs, clock, parentDeadline } = settings;
  return soonest(deadlineIn(timeoutMs, clock), resilience?.deadline, parentDeadline?.());
}

function callerSignal(
  input: Parameters<Fetch>[0],
  init: ResilientRequestInit | undefined,
): AbortSignal | undefined {
  if (init?.signal !== undefined) return init.signal ?? undefined;
  return typeof input === 'object' && 'signal' in input ? input.signal : undefined;
}

function urlOf(input: Parameters<Fetch>[0]): string {
  return typeof input === 'object' && 'url' in input ? input.url : String(input);
}
