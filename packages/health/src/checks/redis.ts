import { InvalidOptionsError } from '@ops/timeout';
import { parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { classifyError, read } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import type { OutcomeCode } from '../status.ts';
import { type ResponseTimeOptions, responseTimeOptions, timed } from './response-time.ts';

/** A client of Redis or Valkey; `ioredis` and `redis` (node-redis) fit. */
export interface RedisClient {
  ping(): Promise<unknown>;
  /** ioredis: `ready` when commands are sent. */
  readonly status?: string | undefined;
  /** node-redis: whether commands are sent. */
  readonly isReady?: boolean | undefined;
}

/** Options of {@link redis}. */
export interface RedisOptions extends CheckPolicy, ResponseTimeOptions {}

const schema = z.strictObject({
  ...checkPolicy,
  ...responseTimeOptions,
} satisfies Shape<RedisOptions>);

/**
 * Passes when the server answers PING on the application's own client. Tells how long it took, and
 * warns from `warn` on.
 *
 * A client that is not connected fails at once and is not asked: it would put the command in its
 * offline queue and answer when it is connected again, in an hour perhaps. A PING that hangs on a
 * connection is not joined by another until it settles.
 *
 * Codes: `refused` (not connected, or the connection was lost), `auth`, `saturated` (no connection
 * left), `insufficient_privilege`, `bad_response` (loading, read-only, another answer than PONG),
 * `timeout`, `threshold`.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function redis(client: RedisClient, options: RedisOptions = {}): ExternalCheckSpec {
  const { warn, clock, ...policy } = parseOptions(schema, options, { of: 'redis' });
  if (!withMethods<RedisClient>('ping').safeParse(client).success) {
    throw new InvalidOptionsError('redis: client: expected an object with ping()');
  }
  return {
    kind: 'datastore',
    ...policy,
    external: true,
    run: () => timed(() => ping(client), { warn, clock }),
  };
}

async function ping(client: RedisClient): Promise<void> {
  const { status, isReady } = client;
  // `wait`: made with lazyConnect; the first command connects, and a failure to do so rejects it.
  const isOffline =
    isReady === false || (typeof status === 'string' && status !== 'ready' && status !== 'wait');
  if (isOffline) {
    const state = /^[a-z]{1,20}$/.test(status ?? '') ? `: ${status}` : '';
    throw new CheckFailedError('refused', `the client is not connected${state}`);
  }
  let answer: unknown;
  try {
    answer = await client.ping();
  } catch (error) {
    throw toFailure(error);
  }
  if (isPong(answer)) return;
  throw new CheckFailedError('bad_response', 'the answer to PING is not PONG');
}

/** A Buffer from a client that returns these. */
function isPong(answer: unknown): boolean {
  const text = answer instanceof Uint8Array ? new TextDecoder().decode(answer) : answer;
  return text === 'PONG';
}

/** The words that errors of the server begin with. */
const REPLIES: Readonly<Record<string, Exclude<OutcomeCode, 'ok'>>> = {
  NOAUTH: 'auth',
  WRONGPASS: 'auth',
  NOPERM: 'insufficient_privilege',
};

/** What ioredis and node-redis throw when there is no connection: known by name, without a code. */
const OFFLINE =
  /^(MaxRetriesPerRequestError|ClientClosedError|ClientOfflineError|DisconnectsClientError|SocketClosedUnexpectedlyError|ReconnectStrategyError|AbortError)$/;

/** With the first word of the server's error, or the error's name, and nothing that holds data. */
function toFailure(error: unknown): CheckFailedError {
  const of = (key: string): string => {
    const value = typeof error === 'object' && error !== null ? read(error, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const message = of('message');
  const word = /^[A-Z]{2,20}(?= |$)/.exec(message)?.[0] ?? '';
  const fail = (outcome: Exclude<OutcomeCode, 'ok'>, reason: string): CheckFailedError =>
    new CheckFailedError(outcome, `PING failed: ${reason}`, { cause: error });
  if (message.startsWith('ERR max number of clients'))
    return fail('saturated', 'no connection left');
  if (Object.hasOwn(REPLIES, word)) return fail(REPLIES[word] ?? 'error', word);
  if (word !== '') return fail('bad_response', word);
  const name = /^(?:[A-Z][A-Za-z]{0,40})?$/.exec(errorName(error))?.[0] || 'an error';
  if (OFFLINE.test(name) || message === 'Connection is closed.') return fail('refused', name);
  if (name === 'ConnectionTimeoutError' || name === 'CommandTimeoutError')
    return fail('timeout', name);
  return fail(classifyError(error), name);
}

/** node-redis leaves `name` at `Error`; its classes tell. */
function errorName(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const name = read(error, 'name');
  if (typeof name === 'string' && name !== 'Error') return name;
  const constructor = read(error, 'constructor');
  return typeof constructor === 'function' ? constructor.name : '';
}
