import { assertNothingLeft, manualClock } from '@ops/timeout/testing';
import { describe, expect, it, vi } from 'vitest';
import { createWave, type Wave, type WaveOptions } from '../wave.ts';
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

const ENDPOINT = 'https://gql.waveapps.com/graphql/public';
const QUERY = 'query User { user { id } }';
const MUTATION = 'mutation Create { invoiceCreate(input: {}) { didSucceed inputErrors { code } } }';
const USER = { user: { id: 'u1' } };

function start(
  replies: readonly Reply[],
  options: Partial<WaveOptions> = {},
): {
  wave: Wave;
  clock: ReturnType<typeof manualClock>;
  asked: Asked[];
} {
  const clock = manualClock();
  const asked = script(ENDPOINT, ...replies);
  const wave = createWave({ token: 'one', fetchOptions: { clock, random: () => 0.5 }, ...options });
  return { wave, clock, asked };
}

describe('createWave', () => {
  it('asks the endpoint with its token', async () => {
    const { wave, asked } = start([data(USER)]);
    expect((await wave.query<typeof USER>(QUERY)).data.user.id).toBe('u1');
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer one');
    expect(asked[0]?.body).toEqual({ query: QUERY });
  });

  it('throttled: backs off, a mutation too', async () => {
    const { wave, clock, asked } = start([failure('THROTTLED'), data(USER)]);
    const [result] = await timed(clock, wave.query(MUTATION));
    expect(result).toMatchObject({ data: USER });
    expect(asked).toHaveLength(2);
    assertNothingLeft({ clock });
  });

  it('429 with decimal Retry-After: waits as long', async () => {
    const { wave, clock } = start([status(429, { 'retry-after': '1.5' }), data(USER)]);
    const [result, tookMs] = await timed(clock, wave.query(MUTATION));
    expect(result).toMatchObject({ data: USER });
    expect(tookMs).toBeGreaterThanOrEqual(1_500);
    expect(tookMs).toBeLessThanOrEqual(2_000);
  });

  it('430, which is Shopify’s alone, is an answer', async () => {
    const { wave, asked } = start([status(430), data(USER)]);
    await expect(wave.query(QUERY)).rejects.toMatchObject({ status: 430 });
    expect(asked).toHaveLength(1);
  });

  it('hung headers: ends within 30 seconds', async () => {
    const { wave, clock, asked } = start([hang, hang, hang, hang]);
    const [error, tookMs] = await timed(clock, wave.query(QUERY));
    expect(error).toMatchObject({ code: 'ERR_OPS_TIMEOUT' });
    expect(tookMs).toBeLessThanOrEqual(30_100);
    expect(asked).toHaveLength(3);
    assertNothingLeft({ clock });
  });

  it.each(['stalled', 'reset'] as const)('%s body: a query again, a mutation not', async (how) => {
    const query = start([broken(how), data(USER)]);
    expect(await timed(query.clock, query.wave.query(QUERY))).toMatchObject([{ data: USER }, {}]);
    expect(query.asked).toHaveLength(2);
    const mutation = start([broken(how), data(USER)]);
    const [error] = await timed(mutation.clock, mutation.wave.query(MUTATION));
    expect(error).toBeInstanceOf(Error);
    expect(mutation.asked).toHaveLength(1);
  });

  it('expired token: renewed once, the mutation sent again', async () => {
    const refresh = vi.fn(async () => 'two');
    const { wave, asked } = start([failure('UNAUTHENTICATED'), data(USER)], { refresh });
    expect((await wave.query(MUTATION)).data).toEqual(USER);
    expect(asked.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer one',
      'Bearer two',
    ]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('inputErrors are data', async () => {
    const invoiceCreate = { didSucceed: false, inputErrors: [{ code: 'INVALID' }] };
    const { wave, asked } = start([data({ invoiceCreate })]);
    expect((await wave.query(MUTATION)).data).toEqual({ invoiceCreate });
    expect(asked).toHaveLength(1);
  });
});

describe('nodes', () => {
  const DOCUMENT =
    'query C($page: Int!, $pageSize: Int!) { customers(page: $page, pageSize: $pageSize) { edges { node { id } } pageInfo { currentPage totalPages } } }';
  type Customers = {
    customers: {
      edges: { node: { id: number } }[];
      pageInfo: { currentPage: number; totalPages: number };
    };
  };
  const page = (ids: number[], currentPage: number, totalPages: number): Reply =>
    data({
      customers: {
        edges: ids.map((id) => ({ node: { id } })),
        pageInfo: { currentPage, totalPages },
      },
    });
  async function idsOf(wave: Wave, variables: object = {}): Promise<number[]> {
    const ids: number[] = [];
    for await (const { id } of wave.nodes(
      DOCUMENT,
      variables,
      (result: Customers) => result.customers,
    )) {
      ids.push(id);
    }
    return ids;
  }

  it('asks for page after page, each with the same limits', async () => {
    const { wave, asked } = start([page([1, 2], 1, 2), page([3], 2, 2)]);
    expect(await idsOf(wave, { pageSize: 2, businessId: 'b' })).toEqual([1, 2, 3]);
    expect(asked.map(({ body }) => body.variables)).toEqual([
      { pageSize: 2, businessId: 'b', page: 1 },
      { pageSize: 2, businessId: 'b', page: 2 },
    ]);
  });

  it('ends with an empty page, whatever the count says', async () => {
    const { wave, asked } = start([page([1], 1, 99), page([], 2, 99)]);
    expect(await idsOf(wave)).toEqual([1]);
    expect(asked[0]?.body.variables).toEqual({ pageSize: 50, page: 1 });
  });
});
