import { callable, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy, withDefaults } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import type { Measurement } from '../measurement.ts';
import { record } from '../record.ts';
import type { Status } from '../status.ts';
import {
  type Answer,
  DEFAULT_MAX_BODY_BYTES,
  exchange,
  jsonObject,
  maxBodyBytes,
  plainUrl,
} from './http-exchange.ts';

/** Options of {@link downstream}. */
export interface DownstreamOptions extends CheckPolicy {
  /** The other service's health page: absolute, http or https, without a user and password. */
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * What the other service's `warn` is here. It serves, and tells its concerns to its own people;
   * passed on, one warning would show in every service that depends on it.
   * @default 'pass'
   */
  readonly warnAs?: 'pass' | 'warn' | undefined;
  /**
   * Whether its failure is a failure of the group. If it were, one service that is down would take
   * out those that call it, and then those that call them.
   * @default false
   */
  readonly critical?: boolean | undefined;
  /**
   * Bytes of the answer that are read; a longer one fails. At most 16 MiB.
   * @default 65536
   */
  readonly maxBodyBytes?: number | undefined;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  url: plainUrl,
  headers: z.record(z.string(), z.string()).optional(),
  warnAs: z.enum(['pass', 'warn']).optional(),
  maxBodyBytes,
  fetch: callable<typeof globalThis.fetch>().optional(),
} satisfies Shape<DownstreamOptions>);

/**
 * What another service says of itself, in `application/health+json` or a dialect of it: the status
 * in upper or lower case, `ok` and `up` for pass, `error` and `down` for fail, as Spring's and
 * MicroProfile's pages have. Only the root's status decides; names of failing checks are told.
 *
 * A failure reaches no further than here, as `warn`, unless `critical` and `warnAs` say so. Services
 * that look at each other therefore recover; with both options set they hold each other down for
 * good, unless one asks for a page that leaves out its check of the other
 * (`/readyz?exclude=NAME`). However many probe here, the other side is asked once each `ttl`.
 *
 * Codes: `bad_response` (it says fail; or no status that can be understood; or pass with an HTTP
 * status of failure, or fail with one of success), `auth`, `rate_limited`, `refused`, `dns`, `tls`,
 * `timeout`. Redirects are not followed. No URL, header or text of the answer gets into a message.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function downstream(options: DownstreamOptions): ExternalCheckSpec {
  const {
    url,
    headers,
    warnAs = 'pass',
    maxBodyBytes: maxBytes = DEFAULT_MAX_BODY_BYTES,
    fetch,
    ...policy
  } = parseOptions(schema, options, { of: 'downstream', secretKeys: ['url', 'headers'] });
  return {
    ...withDefaults(policy, { critical: false }),
    external: true,
    run: async ({ signal }) => {
      const answer = await exchange({
        url,
        headers: { accept: 'application/health+json, application/json;q=0.9', ...headers },
        fetch,
        // What failing pages are answered with; 401, 403 and 429 are about this request.
        isExpected: (status) => status >= 200 && ![401, 403, 429].includes(status),
        maxBodyBytes: maxBytes,
        signal,
      });
      return judge(answer, warnAs);
    },
  };
}

/** `warn` has no alias in the draft. */
const STATUSES: Readonly<Record<string, Status>> = {
  pass: 'pass',
  ok: 'pass',
  up: 'pass',
  warn: 'warn',
  fail: 'fail',
  error: 'fail',
  down: 'fail',
};

function judge({ status: httpStatus, text }: Answer, warnAs: 'pass' | 'warn'): Measurement {
  const body = jsonObject(text);
  const status = statusIn(body);
  if (status === undefined) {
    throw new CheckFailedError('bad_response', `no status that is known, with HTTP ${httpStatus}`);
  }
  // The draft: pass and warn with 2xx or 3xx, fail with 4xx or 5xx. Of two answers the worse.
  if ((status === 'fail') !== httpStatus >= 400) {
    const message = `it says ${status} with HTTP ${httpStatus}, which contradict each other`;
    throw new CheckFailedError('bad_response', message);
  }
  const failing = failingIn(body);
  const which = failing.length > 0 ? `: ${failing.join(', ')}` : '';
  if (status === 'fail') throw new CheckFailedError('bad_response', `it says fail${which}`);
  return {
    value: status,
    status: status === 'warn' ? warnAs : 'pass',
    code: status === 'warn' && warnAs === 'warn' ? 'bad_response' : 'ok',
    message: status === 'warn' ? `it says warn${which}` : undefined,
  };
}

function statusIn(value: unknown): Status | undefined {
  const { status } = record(value);
  const said = typeof status === 'string' ? status.toLowerCase() : '';
  return Object.hasOwn(STATUSES, said) ? STATUSES[said] : undefined;
}

const MOST_NAMES = 10;
/** A name as checks have them; what else a key may hold is not passed on. */
const NAME = /^[\w.-]{1,64}(?::[\w.-]{1,64})?$/;

/** Checks that do not pass, by their keys in `checks`, each a list of entries or one. */
function failingIn(body: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(record(body['checks']))
    .filter(
      ([name, entries]) =>
        NAME.test(name) && [entries].flat().some((entry) => (statusIn(entry) ?? 'pass') !== 'pass'),
    )
    .map(([name]) => name)
    .slice(0, MOST_NAMES);
}
