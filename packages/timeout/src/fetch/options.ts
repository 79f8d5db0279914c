import { type Bulkhead, type BulkheadOptions, bulkhead } from '../bulkhead.ts';
import { type OptionReader, readOptions } from '../check-options.ts';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  circuitBreaker,
} from '../circuit-breaker.ts';
import type { Classify } from '../classify.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Duration } from '../duration.ts';
import type { PipelineEvent } from '../events.ts';
import { type HedgeOptions, hedge } from '../hedge.ts';
import type { Policy } from '../policy.ts';
import { type RetryOptions, retry } from '../retry.ts';
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from '../retry-budget.ts';
import { timeout } from '../timeout.ts';
import { assignedVerdict } from './assigned-verdict.ts';
import { classifyHttp } from './classify-http.ts';
import { DEADLINE_HEADER } from './deadline-header.ts';
import type { RequestFacts } from './replayable-request.ts';

/** The shape of `globalThis.fetch`. */
export type Fetch = typeof globalThis.fetch;

/** Options of {@link createFetch}. */
export interface CreateFetchOptions {
  /**
   * Time for the whole call: waiting for a place, every attempt and the waits between them, and the
   * body until it is read, cancelled or dropped. More than 0.
   * @default '30s'
   */
  readonly timeout?: Duration | undefined;
  /** Time for one attempt, until its headers are there; more than 0. Default: only `timeout` limits it. */
  readonly attemptTimeout?: Duration | undefined;
  /**
   * Longest pause between two pieces of the body while somebody waits for the next; more than 0.
   * Default: only `timeout` limits it.
   */
  readonly bodyIdleTimeout?: Duration | undefined;
  /** Repeats failed attempts. Default: one attempt. With `{}` two more, see {@link RetryOptions}. */
  readonly retry?: RetryOptions | undefined;
  /** Turns calls away while an origin is in trouble; a circuit for each `key`. Default: none. */
  readonly circuitBreaker?: CircuitBreakerOptions | CircuitBreaker | undefined;
  /**
   * Bounds the calls that run at once, for each `key`. A place is free again when the headers are
   * there, not when the body has been read. Default: none.
   */
  readonly bulkhead?: BulkheadOptions | Bulkhead | undefined;
  /** Sends a second copy of a slow idempotent request. Default: none. */
  readonly hedge?: HedgeOptions | undefined;
  /** What `retry` and `hedge` draw from, if they do not name one themselves. Default: none. */
  readonly budget?: RetryBudget | RetryBudgetOptions | undefined;
  /** What an outcome means; its value is a `Response`. Default: {@link classifyHttp}. */
  readonly classify?: Classify | undefined;
  /** Which breaker and bulkhead a URL belongs to. Default: its origin. */
  readonly key?: ((url: string) => string) | undefined;
  /** A deadline from around the call, as `currentDeadline` of `@ops/timeout/node`. The sooner holds. */
  readonly parentDeadline?: (() => Deadline | undefined) | undefined;
  /**
   * Tells the server in a header how many milliseconds the answer is still wanted: `true` for
   * `x-request-timeout-ms`, or a name. A header that the caller sets stays as it is.
   * @default false
   */
  readonly deadlineHeader?: boolean | string | undefined;
  /** Told of everything that happens; what it throws is dropped. */
  readonly onEvent?: ((event: PipelineEvent) => void) | undefined;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: Fetch | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /** From 0 (included) to 1 (excluded), for jitter. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What one call says about itself. */
export interface Resilience extends RequestFacts {
  /** Whether sending it twice does no harm. Default: by method, and by an `Idempotency-Key`. */
  readonly idempotent?: boolean | undefined;
  /**
   * Sends an `Idempotency-Key`, the same with each attempt: `true` for a random one. A key among the
   * caller's headers stays as it is. It makes the request idempotent.
   */
  readonly idempotencyKey?: boolean | string | undefined;
  /** Makes the body anew for each attempt, so that a stream can be repeated. Replaces `init.body`. */
  readonly body?: RequestFacts['body'];
  /** Which breaker and bulkhead; instead of the `key` of the options. */
  readonly key?: string | undefined;
  /** Holds if it is sooner than `timeout`. */
  readonly deadline?: Deadline | undefined;
  /** `false`: one attempt, not hedged. @default true */
  readonly retry?: boolean | undefined;
}

/** The second argument of a made fetch. */
export interface ResilientRequestInit extends NonNullable<Parameters<Fetch>[1]> {
  readonly resilience?: Resilience | undefined;
}

/** What {@link createFetch} makes; assignable to `typeof fetch`. */
export type ResilientFetch = (
  input: Parameters<Fetch>[0],
  init?: ResilientRequestInit,
) => Promise<Response>;

/** Options, read and with defaults. */
export interface FetchSettings {
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly bodyIdleMs: number | undefined;
  readonly retry: Policy | undefined;
  readonly hedge: Policy | undefined;
  /** Shared by every way to send: the states are in here. */
  readonly bulkhead: Policy | undefined;
  readonly circuitBreaker: Policy | undefined;
  readonly attemptTimeout: Policy | undefined;
  readonly budget: RetryBudget | undefined;
  readonly classify: Classify;
  readonly key: (url: string) => string;
  readonly parentDeadline: (() => Deadline | undefined) | undefined;
  readonly deadlineHeader: string | undefined;
  readonly onEvent: ((event: PipelineEvent) => void) | undefined;
  readonly send: Fetch | undefined;
  readonly clock: Clock;
  readonly random: (() => number) | undefined;
}

/** @throws InvalidOptionsError that names every fault. */
export function readFetchOptions(options: CreateFetchOptions): FetchSettings {
  const read = readOptions('createFetch', options);
  const clock = read.clock('clock') ?? systemClock;
  const timeoutMs = read.duration('timeout', LEAST_MS) ?? 30_000;
  const attemptTimeoutMs = read.duration('attemptTimeout', LEAST_MS);
  const layers = readLayers(read);
  const classify = read.function<Classify>('classify');
  const settings = {
    bodyIdleMs: read.duration('bodyIdleTimeout', LEAST_MS),
    key: read.function<(url: string) => string>('key') ?? originOf,
    parentDeadline: read.function<() => Deadline | undefined>('parentDeadline'),
    deadlineHeader: readDeadlineHeaderName(read),
    onEvent: read.function<(event: PipelineEvent) => void>('onEvent'),
    send: read.function<Fetch>('fetch'),
    random: read.function<() => number>('random'),
  };
  read.done();
  const judge: Classify =
    classify ?? ((outcome, context) => classifyHttp(outcome, context, clock.now()));
  return {
    ...settings,
    ...policiesOf(layers, clock),
    clock,
    timeoutMs,
    attemptTimeoutMs: attemptTimeoutMs ?? Number.POSITIVE_INFINITY,
    attemptTimeout: attemptTimeoutMs === undefined ? undefined : timeout(attemptTimeoutMs),
    classify: (outcome, context) =>
      (outcome.ok ? undefined : assignedVerdict(outcome.error)) ?? judge(outcome, context),
  };
}

/** A limit below a thousandth of a millisecond is none that anything could keep. */
const LEAST_MS = 0.001;

interface Layers {
  readonly retry?: RetryOptions | undefined;
  readonly hedge?: HedgeOptions | undefined;
  readonly bulkhead?: BulkheadOptions | Bulkhead | undefined;
  readonly circuitBreaker?: CircuitBreakerOptions | CircuitBreaker | undefined;
  readonly budget?: RetryBudget | RetryBudgetOptions | undefined;
}

function readLayers(read: OptionReader): Layers {
  const names = ['retry', 'hedge', 'bulkhead', 'circuitBreaker', 'budget'] as const;
  const layers: Partial<Record<keyof Layers, object>> = {};
  for (const name of names) {
    const value = read.object<object | null>(name, []);
    const isObject = typeof value === 'object' && value !== null;
    read.fault(value !== undefined && !isObject, `${name}: expected an object`);
    if (isObject) layers[name] = value;
  }
  // What is in them is checked by the factory of each.
  return layers as Layers;
}

function readDeadlineHeaderName(read: OptionReader): string | undefined {
  const given = read.object<boolean | string>('deadlineHeader', []);
  if (given === true) return DEADLINE_HEADER;
  if (given === undefined || given === false) return undefined;
  read.fault(
    typeof given !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(given),
    'deadlineHeader: expected true, false or the name of a header',
  );
  return given;
}

/** The states of breaker and bulkhead are in their policies, made here and once. */
function policiesOf(
  layers: Layers,
  clock: Clock,
): Pick<FetchSettings, 'retry' | 'hedge' | 'bulkhead' | 'circuitBreaker' | 'budget'> {
  const {
    retry: retryOptions,
    hedge: hedgeOptions,
    bulkhead: places,
    circuitBreaker: circuits,
  } = layers;
  const budget =
    layers.budget === undefined || 'withdraw' in layers.budget
      ? layers.budget
      : retryBudget({ clock, ...layers.budget });
  return {
    budget,
    retry: retryOptions && retry({ budget, ...retryOptions }),
    hedge: hedgeOptions && hedge({ budget, ...hedgeOptions }),
    bulkhead: places === undefined || isPolicy(places) ? places : bulkhead(places),
    circuitBreaker:
      circuits === undefined || isPolicy(circuits)
        ? circuits
        : circuitBreaker({ clock, ...circuits }),
  };
}

function isPolicy<P extends Policy>(given: P | object): given is P {
  return 'wrap' in given;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}
