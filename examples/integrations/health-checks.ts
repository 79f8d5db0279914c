import type { ExternalCheckSpec } from '@ops/health';
import { type HttpOptions, http } from '@ops/health/checks';

/** When the checks run and how they count; see the options of `http`. */
export type ReachableOptions = Omit<
  HttpOptions,
  'url' | 'method' | 'headers' | 'body' | 'expect' | 'redirect' | 'ttl'
>;

/** Options of {@link shopifyReachable}. */
export interface ShopifyReachableOptions extends ReachableOptions {
  /** The permanent name: `my-shop` or `my-shop.myshopify.com`, no other domain. */
  readonly shop: string;
  /** `YYYY-MM` (January, April, July, October) or `unstable`. @default '2026-10' */
  readonly version?: string | undefined;
}

/** A partner that is away for a while takes no service out of the load balancer. */
const RARELY = { every: '30s', timeout: '5s', critical: false } as const;

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/**
 * Whether the Admin API of a shop answers. It is asked without a token, and 401 is the answer that
 * is expected: Shopify's front door, the shop and the login check are all there. Nothing of value
 * is sent, so nothing can get into a log; and the points, which are counted for each app and shop,
 * are not touched. A shop that is frozen (402), locked (423) or that there is not (404) fails with
 * `bad_response`, 429 with `rate_limited`.
 *
 * Whether *your* token works is told by the calls that use it: to test it here would cost points.
 *
 * @see https://shopify.dev/docs/api/usage/response-codes
 */
export function shopifyReachable(options: ShopifyReachableOptions): ExternalCheckSpec {
  const { shop, version = '2026-10', ...policy } = options;
  const name = shop.replace(/\.myshopify\.com$/, '');
  if (!/^[a-z\d][a-z\d-]*$/i.test(name))
    throw new TypeError('shop: expected my-shop.myshopify.com');
  if (!/^(\d{4}-\d{2}|unstable)$/.test(version)) throw new TypeError('version: expected YYYY-MM');
  return http({
    ...RARELY,
    ...policy,
    url: `https://${name}.myshopify.com/admin/api/${version}/graphql.json`,
    method: 'POST',
    headers: JSON_HEADERS,
    body: '{"query":"{ shop { id } }"}',
    expect: { status: 401 },
  });
}

/**
 * Whether Wave's API answers. It is asked who the user is, without a token, and has to say
 * `UNAUTHENTICATED`, as Wave documents it: that comes from the API itself, not from something in
 * front of it. Nothing of value is sent, so nothing can get into a log. Wave publishes no limit of
 * its rate: once in 30 s is little.
 *
 * @see https://developer.waveapps.com/hc/en-us/articles/360018571372-Errors
 */
export function waveReachable(options: ReachableOptions = {}): ExternalCheckSpec {
  return http({
    ...RARELY,
    ...options,
    url: 'https://gql.waveapps.com/graphql/public',
    method: 'POST',
    headers: JSON_HEADERS,
    body: '{"query":"{ user { id } }"}',
    // The HTTP status that goes with it is not documented: GraphQL servers send 200, 400 or 401.
    expect: { status: [200, 400, 401], body: saysUnauthenticated },
  });
}

function saysUnauthenticated(text: string): boolean {
  const { errors } = JSON.parse(text) as {
    errors?: { readonly extensions?: { readonly code?: unknown } }[];
  };
  return errors?.[0]?.extensions?.code === 'UNAUTHENTICATED';
}
