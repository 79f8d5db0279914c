import { circuitBreaker } from '@ops/timeout';
import { createShopify, type Shopify } from 'integrations/shopify';
import { createWave, type Wave } from 'integrations/wave';

/** Which partners this deployment talks to; one that is left out is not called. */
export interface IntegrationsConfig {
  readonly shopify?: { readonly shop: string; readonly token: string } | undefined;
  readonly wave?: { readonly token: string } | undefined;
}

/** What the service reads from its partners. */
export interface Integrations {
  /** Titles of the shop's products, in pages of 50. */
  products(limit: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Names of the businesses of the bookkeeping account. */
  businesses(limit: number, signal: AbortSignal): Promise<readonly string[]>;
}

const PRODUCTS = `query Products($after: String) {
  products(first: 50, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } }
}`;
const BUSINESSES = `query Businesses($page: Int!, $pageSize: Int!) {
  businesses(page: $page, pageSize: $pageSize) {
    edges { node { name } }
    pageInfo { currentPage totalPages }
  }
}`;

interface Products {
  readonly products: {
    readonly nodes: readonly { readonly title: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}
interface Businesses {
  readonly businesses: {
    readonly edges: readonly { readonly node: { readonly name: string } }[];
    readonly pageInfo: { readonly currentPage: number; readonly totalPages: number };
  };
}

/**
 * Clients in which no call takes more than 30 seconds, each behind a breaker of its own: while a
 * partner is down, callers are turned away at once.
 *
 * @param onError told of every call that failed, before the caller is.
 */
export function createIntegrations(
  config: IntegrationsConfig,
  onError: (error: unknown, integration: 'shopify' | 'wave') => void,
): Integrations {
  const breaker = (): { readonly circuitBreaker: ReturnType<typeof circuitBreaker> } => ({
    circuitBreaker: circuitBreaker({
      window: '30s',
      failureRatio: 0.5,
      minimum: 10,
      openFor: '15s',
    }),
  });
  const shopify: Shopify | undefined =
    config.shopify && createShopify({ ...config.shopify, fetchOptions: breaker() });
  const wave: Wave | undefined =
    config.wave && createWave({ ...config.wave, fetchOptions: breaker() });
  return {
    async products(limit, signal) {
      if (shopify === undefined) return [];
      const nodes = shopify.nodes<Products, { title: string }>(
        PRODUCTS,
        {},
        (data) => data.products,
        { signal },
      );
      return take(limit, nodes, ({ title }) => title).catch((error: unknown) => {
        onError(error, 'shopify');
        throw error;
      });
    },
    async businesses(limit, signal) {
      if (wave === undefined) return [];
      const nodes = wave.nodes<Businesses, { name: string }>(
        BUSINESSES,
        {},
        (data) => data.businesses,
        { signal },
      );
      return take(limit, nodes, ({ name }) => name).catch((error: unknown) => {
        onError(error, 'wave');
        throw error;
      });
    },
  };
}

/** The first `limit` of them; no page more is asked for than that takes. */
async function take<Node>(
  limit: number,
  nodes: AsyncIterable<Node>,
  text: (node: Node) => string,
): Promise<readonly string[]> {
  const taken: string[] = [];
  if (limit < 1) return taken;
  for await (const node of nodes) {
    taken.push(text(node));
    if (taken.length >= limit) break;
  }
  return taken;
}
