import { expectTypeOf, test } from 'vitest';
import { createFetch, type Resilience, type ResilientFetch } from '../../src/fetch/index.ts';
import { createGraphQL, type GraphQLReply } from '../../src/graphql/index.ts';
import { backoff, circuitBreaker, retryBudget } from '../../src/index.ts';

const url = 'https://my-shop.myshopify.com/admin/api/2026-10/graphql.json';
const { signal } = new AbortController();

test('createFetch, as it is called', () => {
  const fetch = createFetch({
    timeout: '30s',
    attemptTimeout: '10s',
    bodyIdleTimeout: '10s',
    retry: { retries: 2 },
  });
  expectTypeOf(fetch).toExtend<typeof globalThis.fetch>();
  expectTypeOf(
    fetch(url, { signal, resilience: { idempotent: true } }),
  ).resolves.toEqualTypeOf<Response>();
  expectTypeOf(fetch).toEqualTypeOf<ResilientFetch>();
  createFetch({
    retry: { retries: 2, backoff: backoff.constant('1s') },
    circuitBreaker: circuitBreaker({ consecutive: 5 }),
    bulkhead: { limit: 20, queue: 50 },
    hedge: { delay: '1s' },
    budget: retryBudget(),
    fetch,
    deadlineHeader: true,
  });
  // @ts-expect-error misspelt
  createFetch({ timeOut: '30s' });
  // @ts-expect-error no such unit
  createFetch({ timeout: '30y' });
  // @ts-expect-error misspelt
  void fetch(url, { resilience: { idempotency: true } });
});

test('resilience.body makes what fetch takes', () => {
  expectTypeOf<{ body: () => ReadableStream }>().toExtend<Resilience>();
  expectTypeOf<{ body: () => Promise<string> }>().toExtend<Resilience>();
  expectTypeOf<{ body: string }>().not.toExtend<Resilience>();
});

test('createGraphQL, as it is called', async () => {
  interface ProductsQuery {
    readonly products: readonly { readonly id: string }[];
  }
  const headers = { 'X-Shopify-Access-Token': 't' };
  const fetch = createFetch();
  const shopify = createGraphQL({ url, headers, fetch, cost: 'shopify' });
  const document = '{ products { id } }';
  const variables = { first: 10 };
  expectTypeOf(
    shopify.query<ProductsQuery>(document, variables, { signal }),
  ).resolves.toEqualTypeOf<GraphQLReply<ProductsQuery>>();
  expectTypeOf(shopify.query(document)).resolves.toEqualTypeOf<GraphQLReply<unknown>>();
  createGraphQL({ url: new URL(url), headers: async () => headers, refresh: async () => headers });
  createGraphQL({ url, fetch: globalThis.fetch });
  // @ts-expect-error an address is needed
  createGraphQL({ headers });
  // @ts-expect-error there are no other rules of cost
  createGraphQL({ url, cost: 'github' });
});
