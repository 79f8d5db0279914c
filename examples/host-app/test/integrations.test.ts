import { expect, it } from 'vitest';
import { data, failure, script } from '../../integrations/test/replies.ts';
import { createIntegrations } from '../integrations.ts';

const SHOP = 'https://my-shop.myshopify.com/admin/api/2026-10/graphql.json';
const WAVE = 'https://gql.waveapps.com/graphql/public';
const config = { shopify: { shop: 'my-shop', token: 't' }, wave: { token: 't' } };
const { signal } = new AbortController();

it('reads page by page, and no page more than it needs', async () => {
  const page = (titles: string[], endCursor: string | null): ReturnType<typeof data> =>
    data({
      products: {
        nodes: titles.map((title) => ({ title })),
        pageInfo: { hasNextPage: endCursor !== null, endCursor },
      },
    });
  const asked = script(SHOP, page(['a', 'b'], '1'), page(['c', 'd'], '2'), page(['e'], null));
  const { products } = createIntegrations(config, () => {});
  expect(await products(3, signal)).toEqual(['a', 'b', 'c']);
  expect(asked.map(({ body }) => body.variables)).toEqual([{ after: null }, { after: '1' }]);
});

it('tells who failed, and leaves the other alone', async () => {
  script(SHOP, failure('ACCESS_DENIED'));
  script(
    WAVE,
    data({
      businesses: {
        edges: [{ node: { name: 'Mine' } }],
        pageInfo: { currentPage: 1, totalPages: 1 },
      },
    }),
  );
  const failed: string[] = [];
  const { products, businesses } = createIntegrations(config, (_, name) => failed.push(name));
  await expect(products(1, signal)).rejects.toThrow(/ACCESS_DENIED/);
  expect(await businesses(5, signal)).toEqual(['Mine']);
  expect(failed).toEqual(['shopify']);
});

it('is quiet about a partner that is not configured', async () => {
  const { products, businesses } = createIntegrations({}, () => {
    throw new Error('not reached');
  });
  expect(await products(1, signal)).toEqual([]);
  expect(await businesses(1, signal)).toEqual([]);
});
