import { readOptions } from '../check-options.ts';
import type { Clock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { createEngine, type Engine, engineOf } from '../fetch/engine.ts';
import { type Fetch, readFetchOptions } from '../fetch/options.ts';
import type { RetryOptions } from '../retry.ts';
import { type HeadersSource, type ProvideHeaders, toHeaders } from './credentials.ts';

/** Options of {@link createGraphQL}. */
export interface CreateGraphQLOptions {
  /** Where to send every request; without a user name or password, which belong into `headers`. */
  readonly url: string | URL;
  /**
   * Headers of every request, or a function that gives them; it is called for each call, and its
   * `signal` is aborted with that call. Default: none but the content types.
   */
  readonly headers?: HeadersSource | ProvideHeaders | undefined;
  /**
   * What sends. One that `createFetch` made gives its limits, breaker and budget to this client. Any
   * other is wrapped with the defaults of `createFetch`. Default: `globalThis.fetch`, wrapped.
   */
  readonly fetch?: Fetch | undefined;
  /** How to repeat. Default: as the fetch does if it was made with `retry`, otherwise `{ retries: 2 }`. */
  readonly retry?: RetryOptions | undefined;
  /**
   * Time for a whole call: waiting for points, every attempt, a renewal of the token; more than 0.
   * Default: the `timeout` of the fetch.
   */
  readonly timeout?: Duration | undefined;
  /**
   * `'shopify'`: keep count of the points that replies tell in `extensions.cost`, wait before sending
   * what would not fit, and treat HTTP 430 as Shopify means it. Default: none of that.
   */
  readonly cost?: 'shopify' | undefined;
  /**
   * Called when the server says `UNAUTHENTICATED` or 401; gives headers that take the place of those
   * of the same name from then on. Calls at the same time share one renewal. Its `signal` is aborted
   * when no call waits for it any more. Default: such an error is the result.
   */
  readonly refresh?: ProvideHeaders | undefined;
  /** Default: the clock of the fetch. */
  readonly clock?: Clock | undefined;
}

/** Options, read and with defaults. */
export interface GraphQLSettings {
  readonly url: string;
  readonly headers: HeadersSource | ProvideHeaders | undefined;
  readonly engine: Engine;
  readonly timeoutMs: number;
  readonly hasCost: boolean;
  readonly refresh: ProvideHeaders | undefined;
  readonly clock: Clock;
}

/** @throws InvalidOptionsError that names every fault. */
export function readGraphQLOptions(options: CreateGraphQLOptions): GraphQLSettings {
  const read = readOptions('createGraphQL', options);
  const url = String(read.object<string | URL>('url', []) ?? '');
  read.fault(
    !isAddress(url),
    'url: expected an http: or https: address, without user name or password',
  );
  const headers = read.object<HeadersSource | ProvideHeaders>('headers', []);
  const fetch = read.function<Fetch>('fetch');
  const retry = read.object<RetryOptions>('retry', []);
  const timeoutMs = read.duration('timeout', 1);
  const cost = read.choice('cost', ['shopify']);
  const refresh = read.function<ProvideHeaders>('refresh');
  const clock = read.clock('clock');
  read.done();
  if (typeof headers !== 'function') toHeaders(headers, 'headers');
  const engine = engineFor(fetch, retry, clock);
  return {
    url,
    headers,
    engine,
    timeoutMs: timeoutMs ?? engine.timeoutMs,
    hasCost: cost === 'shopify',
    refresh,
    clock: clock ?? engine.clock,
  };
}

/** One loop repeats, whoever made the fetch; two around each other would multiply the attempts. */
function engineFor(
  fetch: Fetch | undefined,
  retry: RetryOptions | undefined,
  clock: Clock | undefined,
): Engine {
  const made = fetch && engineOf(fetch);
  const engine = made ?? createEngine(readFetchOptions({ fetch, clock }));
  if (retry === undefined && engine.canRetry) return engine;
  return engine.withRetry(retry ?? {});
}

/** Relative addresses are for browsers only, and there too a client has one server. */
function isAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  // Every call would fail: fetch takes none, and quotes the password in its error.
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
