import { GraphQLError } from '@ops/timeout/graphql';
import { assertNothingLeft, manualClock } from '@ops/timeout/testing';
import { describe, expect, it, vi } from 'vitest';
import { createShopify, type Shopify, type ShopifyOptions } from '../shopify.ts';
import {
  type Asked,
  broken,
  data,
  failure,
  hang,
  type Reply,
  script,
  status,
  timed,
} from './replies.ts';

const ENDPOINT = 'https://my-shop.myshopify.com/admin/api/2026-10/graphql.json';
const QUERY = 'query Shop { shop { name } }';
const MUTATION =
  'mutation Create { productCreate(product: {}) { product { id } userErrors { message } } }';
const SHOP = { shop: { name: 'Hats' } };

function cost(requestedQueryCost: number, currentlyAvailable: number): object {
  const throttleStatus = { maximumAvailable: 2_000, currentlyAvailable, restoreRate: 100 };
  return { cost: { requestedQueryCost, actualQueryCost: null, throttleStatus } };
}

function start(
  replies: readonly Reply[],
  options: Partial<ShopifyOptions> = {},
): {
  shopify: Shopify;
  clock: ReturnType<typeof manualClock>;
  asked: Asked[];
} {
  const clock = manualClock();
  const asked = script(ENDPOINT, ...replies);
  const fetchOptions = { clock, random: () => 0.5 };
  const shopify = createShopify({ shop: 'my-shop', token: 'shpat_1', fetchOptions, ...options });
  return { shopify, clock, asked };
}

describe('createShopify', () => {
  it('asks the versioned endpoint with its token', async () => {
    const { shopify, asked } = start([data(SHOP, cost(1, 1_999))]);
    const { data: result } = await shopify.query<typeof SHOP>(QUERY, { a: 1 });
    expect(result).toEqual(SHOP);
    expect(asked[0]?.url).toBe(ENDPOINT);
    expect(asked[0]?.headers.get('x-shopify-access-token')).toBe('shpat_1');
    expect(asked[0]?.body).toEqual({ query: QUERY, variables: { a: 1 } });
  });

  it.each(['evil.example/', 'a.b', '', 'x@evil.example', '-a', 'a.myshopify.com.evil.example'])(
    'sends no token to %j',
    (shop) => {
      expect(() => createShopify({ shop, token: 't' })).toThrow('shop: expected');
    },
  );

  it('takes the long form of the name, and no rubbish for a version', () => {
    expect(() => createShopify({ shop: 'my-shop.myshopify.com', token: 't' })).not.toThrow();
    expect(() => createShopify({ shop: 'a', token: 't', version: '../x' })).toThrow('version');
  });

  it('throttled: waits until the points are there, a mutation too', async () => {
    const { shopify, clock, asked } = start([failure('THROTTLED', cost(700, 200)), data(SHOP)]);
    const [result, tookMs] = await timed(clock, shopify.query(MUTATION));
    expect(result).toMatchObject({ data: SHOP });
    expect(tookMs).toBeGreaterThanOrEqual(5_000);
    expect(tookMs).toBeLessThanOrEqual(6_100); // with jitter above
    expect(asked).toHaveLength(2);
    assertNothingLeft({ clock });
  });

  it('429 with decimal Retry-After: two seconds are two seconds', async () => {
    const { shopify, clock, asked } = start([status(429, { 'retry-after': '2.0' }), data(SHOP)]);
    const [result, tookMs] = await timed(clock, shopify.query(MUTATION));
    expect(result).toMatchObject({ data: SHOP });
    expect(tookMs).toBeGreaterThanOrEqual(2_000);
    expect(tookMs).toBeLessThanOrEqual(2_600);
    expect(asked).toHaveLength(2);
  });

  it('430: one more try after a while, not a third', async () => {
    const lucky = start([status(430), data(SHOP)]);
    const [result, tookMs] = await timed(lucky.clock, lucky.shopify.query(QUERY));
    expect(result).toMatchObject({ data: SHOP });
    expect(tookMs).toBeGreaterThanOrEqual(5_000);
    const barred = start([status(430), status(430), data(SHOP)]);
    const [error] = await timed(barred.clock, barred.shopify.query(QUERY));
    expect(error).toMatchObject({ code: 'ERR_OPS_GRAPHQL_HTTP', status: 430 });
    expect(barred.asked).toHaveLength(2);
  });

  it('hung headers: three attempts within 30 seconds, one for a mutation', async () => {
    const query = start([hang, hang, hang, hang]);
    const [error, tookMs] = await timed(query.clock, query.shopify.query(QUERY));
    expect(error).toMatchObject({ code: 'ERR_OPS_TIMEOUT' });
    expect(tookMs).toBeLessThanOrEqual(30_100);
    expect(query.asked).toHaveLength(3);
    assertNothingLeft({ clock: query.clock });
    const mutation = start([hang, hang]);
    const [lost, lostMs] = await timed(mutation.clock, mutation.shopify.query(MUTATION));
    expect(lost).toMatchObject({ code: 'ERR_OPS_TIMEOUT', scope: 'attempt' });
    expect(lostMs).toBeLessThanOrEqual(10_100);
    expect(mutation.asked).toHaveLength(1);
  });

  it.each([
    ['stalled', { scope: 'body-idle', timeoutMs: 5_000 }],
    ['reset', { name: 'TypeError' }],
  ] as const)('%s body: a query again, a mutation not', async (how, expected) => {
    const query = start([broken(how), data(SHOP)]);
    const [result] = await timed(query.clock, query.shopify.query(QUERY));
    expect(result).toMatchObject({ data: SHOP });
    expect(query.asked).toHaveLength(2);
    assertNothingLeft({ clock: query.clock });
    const mutation = start([broken(how), data(SHOP)]);
    const [error] = await timed(mutation.clock, mutation.shopify.query(MUTATION));
    expect(error).toMatchObject(expected);
    expect(mutation.asked).toHaveLength(1);
  });

  it('expired token: renewed once for all', async () => {
    const refresh = vi.fn(async () => 'shpat_2');
    const answer: Reply = (asked) =>
      asked.headers.get('x-shopify-access-token') === 'shpat_2'
        ? data(SHOP)(asked)
        : status(401)(asked);
    const { shopify, asked } = start([answer, answer, answer, answer], { refresh });
    await Promise.all([shopify.query(QUERY), shopify.query(QUERY)]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(asked).toHaveLength(4);
  });

  it('userErrors are data', async () => {
    const productCreate = { product: null, userErrors: [{ message: 'Title is missing' }] };
    const { shopify, asked } = start([data({ productCreate })]);
    expect((await shopify.query(MUTATION)).data).toEqual({ productCreate });
    expect(asked).toHaveLength(1);
  });

  it('gives what there is with the errors', async () => {
    const errors = [{ message: 'No access', extensions: { code: 'ACCESS_DENIED' } }];
    const { shopify } = start([() => Response.json({ data: SHOP, errors })]);
    const error = await shopify.query(QUERY).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GraphQLError);
    expect(error).toMatchObject({ serverCode: 'ACCESS_DENIED', data: SHOP });
  });
});

describe('nodes', () => {
  const DOCUMENT =
    'query P($after: String) { products(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  type Products = {
    products: {
      nodes: { id: number }[];
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
    };
  };
  const page = (ids: number[], endCursor: string | null, hasNextPage: boolean): Reply =>
    data({ products: { nodes: ids.map((id) => ({ id })), pageInfo: { hasNextPage, endCursor } } });

  async function idsOf(shopify: Shopify, most = Infinity): Promise<number[]> {
    const ids: number[] = [];
    const all = shopify.nodes(DOCUMENT, { x: 1 }, (result: Products) => result.products);
    for await (const { id } of all) {
      ids.push(id);
      if (ids.length === most) break;
    }
    return ids;
  }

  it('follows the cursor to the end', async () => {
    const { shopify, asked } = start([
      page([1, 2], 'c2', true),
      page([], 'c3', true),
      page([3], 'c4', false),
    ]);
    expect(await idsOf(shopify)).toEqual([1, 2, 3]);
    expect(asked.map(({ body }) => body.variables)).toEqual([
      { x: 1, after: null },
      { x: 1, after: 'c2' },
      { x: 1, after: 'c3' },
    ]);
  });

  it('asks for no page that nobody wants, and never for the same one again', async () => {
    const { shopify, asked } = start([page([1, 2], 'c2', true), page([3], 'c2', true)]);
    expect(await idsOf(shopify, 2)).toEqual([1, 2]);
    expect(asked).toHaveLength(1);
    const stuck = start([page([1], 'c2', true), page([2], 'c2', true), page([9], 'c2', true)]);
    expect(await idsOf(stuck.shopify)).toEqual([1, 2]);
    const none = start([page([1], null, true), page([9], null, true)]);
    expect(await idsOf(none.shopify)).toEqual([1]);
  });
});
