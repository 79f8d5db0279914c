import { type Clock, type Duration, systemClock } from '@ops/timeout';
import { callable, durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy, withDefaults } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import type { Measurement } from '../measurement.ts';
import { codeOf, judge } from '../thresholds.ts';
import {
  type Answer,
  DEFAULT_MAX_BODY_BYTES,
  exchange,
  isSuccess,
  jsonObject,
  plainUrl,
} from './http-exchange.ts';
import { usableKeyCount } from './json-web-keys.ts';

/** Options of {@link oidc}. */
export interface OidcOptions extends CheckPolicy {
  /** The issuer, as it stands in the tokens (`iss`): https, or http for a local one. */
  readonly issuer: string;
  /**
   * Difference of the clocks, of the issuer and of this process, from which it warns. More than 1 s.
   * One minute is what verifiers commonly tolerate (Spring Security's default).
   * @default '1m'
   */
  readonly skew?: Duration | undefined;
  /** What sends the requests. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Default: the real time. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  issuer: z.string().refine((value) => {
    const url = plainUrl.safeParse(value).success ? URL.parse(value) : null;
    return url !== null && url.search === '' && url.hash === '';
  }, 'expected an http or https URL without user, query and fragment'),
  // The Date header has whole seconds.
  skew: durationMs({
    minMs: 1_000,
    isMinExcluded: true,
    maxMs: Number.MAX_SAFE_INTEGER,
  }).optional(),
  fetch: callable<typeof globalThis.fetch>().optional(),
  clock: withMethods<Pick<Clock, 'now'>>('now').optional(),
} satisfies Shape<OidcOptions>);

/**
 * Whether tokens of an OpenID Connect issuer can be verified: its discovery document can be had and
 * is its own, and its key set has a key to verify signatures with. That people can log in it does
 * not tell. Warns with `threshold` when the clocks are apart (by the `Date` header): tokens are then
 * taken for expired, or for not yet valid.
 *
 * Two requests an attempt, without credentials, 64 KiB of each answer at most; no redirect is
 * followed. Codes: `bad_response` (another issuer, no usable key, no JSON, an unexpected status),
 * `refused`, `dns`, `tls`, `timeout`, `rate_limited`, `auth`.
 *
 * Runs every minute unless told otherwise: verifiers keep the keys, so seconds do not matter.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function oidc(options: OidcOptions): ExternalCheckSpec {
  const {
    issuer,
    skew = 60_000,
    fetch,
    clock = systemClock,
    ...policy
  } = parseOptions(schema, options, { of: 'oidc', secretKeys: ['issuer'] });
  const get = (url: string | URL, signal: AbortSignal): Promise<Answer> =>
    exchange({
      url,
      headers: { accept: 'application/json' },
      fetch,
      isExpected: isSuccess,
      maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
      signal,
    });
  return {
    ...withDefaults(policy, policy.ttl === undefined ? { every: '1m' } : {}),
    external: true,
    run: async ({ signal }) => {
      const discovered = await get(
        `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
        signal,
      );
      const offMs = skewOf(discovered.headers, clock.now());
      const keys = await get(keySetUrl(discovered.text, issuer), signal);
      if (usableKeyCount(jsonObject(keys.text)) === 0) {
        throw new CheckFailedError('bad_response', 'no key that could verify a signature');
      }
      return measure(offMs, skew);
    },
  };
}

/** The address of the keys, from a document that must be the issuer's own (OpenID Discovery 4.3). */
function keySetUrl(text: string, issuer: string): URL {
  const document = jsonObject(text);
  if (document['issuer'] !== issuer) {
    throw new CheckFailedError('bad_response', 'the discovery document is of another issuer');
  }
  const url = plainUrl.safeParse(document['jwks_uri']).success
    ? URL.parse(String(document['jwks_uri']))
    : null;
  // Keys that come in the clear could be anybody's; a local issuer is in the clear altogether.
  if (url === null || (issuer.startsWith('https:') && url.protocol !== 'https:')) {
    throw new CheckFailedError('bad_response', 'the discovery document has no jwks_uri to trust');
  }
  return url;
}

/** How far the issuer's clock is ahead; what a cache kept (`Age`) has become older there. */
function skewOf(headers: Headers, nowMs: number): number | undefined {
  const sentAt = Date.parse(headers.get('date') ?? '');
  const ageSeconds = Number(headers.get('age') ?? 0);
  if (Number.isNaN(sentAt) || !(ageSeconds >= 0 && ageSeconds < 1e9)) return undefined;
  return sentAt + ageSeconds * 1_000 - nowMs;
}

function measure(offMs: number | undefined, skew: number): Measurement {
  if (offMs === undefined) return { message: 'no Date header to compare the clocks by' };
  const status = judge(Math.abs(offMs), { warn: skew });
  const seconds = Math.round(offMs / 1_000);
  return {
    measurement: 'clockSkew',
    value: seconds,
    unit: 's',
    status,
    code: codeOf(status),
    message:
      status === 'pass'
        ? undefined
        : `its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this one`,
  };
}
