import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCostBucket } from '../../src/graphql/cost-bucket.ts';
import { readCost } from '../../src/graphql/request-cost.ts';
import { systemClock } from '../../src/index.ts';
import { assertNothingLeft, manualClock } from '../../src/testing/index.ts';
import { cost, graphql, rig, throttled } from './harness.ts';

const QUERY = '{ products { id } }';
const OTHER = '{ orders { id } }';
const shopify = { cost: 'shopify' } as const;
const ok =
  (...given: Parameters<typeof cost>): (() => Response) =>
  () =>
    graphql({ data: { a: 1 }, extensions: cost(...given) });
const caught = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.catch((error: unknown) => error);

describe('waiting before sending', () => {
  it('is not done for a document whose cost is not known', async () => {
    const { client, sent } = rig([ok(500, 0), ok(10, 0)], shopify);
    await client.query(QUERY);
    await client.query(OTHER);
    expect(sent.requests).toHaveLength(2);
  });

  it('is as long as the points that are missing take', async () => {
    const { client, clock, sent } = rig([ok(500, 100), ok(500, 0)], shopify);
    await client.query(QUERY);
    const outcome = client.query(QUERY); // 400 points at 100 a second
    await clock.advance(3_999);
    expect(sent.requests).toHaveLength(1);
    await clock.advance(1);
    await outcome;
    expect(sent.requests).toHaveLength(2);
    assertNothingLeft({ clock });
  });

  it('counts what has been restored since, up to the maximum', async () => {
    const { client, clock, sent } = rig([ok(500, 100), ok(500, 1), ok(500, 1)], shopify);
    await client.query(QUERY);
    await clock.advance(4_000);
    await client.query(QUERY);
    await clock.advance(3_600_000);
    await client.query(QUERY);
    expect(sent.requests).toHaveLength(3);
  });

  it('is in turn for several at once', async () => {
    const { client, clock, sent } = rig([ok(500, 0), ok(500, 0), ok(500, 0), ok(500, 0)], shopify);
    await client.query(QUERY);
    const outcomes = [1, 2, 3].map(() => client.query(QUERY));
    const counts: number[] = [];
    for (let second = 5; second <= 15; second += 5) {
      await clock.advance(5_000);
      counts.push(sent.requests.length);
    }
    expect(counts).toEqual([2, 3, 4]);
    await Promise.all(outcomes);
  });

  it('ends with an abort, and leaves its points to the next', async () => {
    const { client, clock, sent } = rig([ok(500, 0), ok(500, 0)], shopify);
    await client.query(QUERY);
    const controller = new AbortController();
    const { signal } = controller;
    const left = client.query(QUERY, {}, { signal });
    controller.abort('left');
    await expect(left).rejects.toBe('left');
    assertNothingLeft({ clock, signals: [signal] });
    const outcome = client.query(QUERY);
    await clock.advance(5_000);
    await outcome;
    expect(sent.requests).toHaveLength(2);
  });

  it('is not for the points of a call that was never sent', async () => {
    let isBroken = false;
    const parentDeadline = (): undefined => {
      if (isBroken) throw new Error('no deadline');
    };
    const { client, sent } = rig([ok(1_500, 2_000), ok(1_500, 2_000)], shopify, { parentDeadline });
    await client.query(QUERY);
    isBroken = true;
    await expect(client.query(QUERY)).rejects.toThrow('no deadline');
    isBroken = false;
    await client.query(QUERY);
    expect(sent.requests).toHaveLength(2);
  });

  it('is not begun when it would end after the deadline', async () => {
    const { client, clock, sent } = rig([ok(500, 0, 10)], { ...shopify, timeout: '30s' });
    await client.query(QUERY);
    const error = await caught(client.query(QUERY)); // 50 seconds
    expect(error).toMatchObject({ name: 'GraphQLError', serverCode: 'THROTTLED', status: 0 });
    expect(String(error)).toContain('50000 ms');
    expect(sent.requests).toHaveLength(1);
    assertNothingLeft({ clock });
  });

  it('is left out when nothing is restored, or the cost seems never to fit', async () => {
    const { client, sent } = rig([ok(500, 0, 0), ok(500, 0, 0), ok(5_000, 0)], shopify);
    await client.query(QUERY);
    await client.query(QUERY);
    await client.query(OTHER);
    const again = rig([ok(5_000, 0), ok(5_000, 0)], shopify);
    await again.client.query(QUERY);
    await again.client.query(QUERY);
    expect([sent.requests.length, again.sent.requests.length]).toEqual([3, 2]);
  });
});

describe('THROTTLED with HTTP 200', () => {
  it('waits until the points are there', async () => {
    const { client, clock, sent } = rig([throttled(700, 200), ok(700, 0)], shopify);
    const outcome = client.query('mutation { bulk }');
    await clock.advance(4_999);
    expect(sent.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await outcome).data).toEqual({ a: 1 });
    assertNothingLeft({ clock });
  });

  it('is final when the request costs more than there can be', async () => {
    const { client, sent } = rig([throttled(2_001, 1_000), ok(1, 1)], shopify);
    expect(await caught(client.query(QUERY))).toMatchObject({
      serverCode: 'THROTTLED',
      status: 200,
    });
    expect(sent.requests).toHaveLength(1);
  });

  it('fails at once when the wait is longer than what remains', async () => {
    const { client, clock, sent } = rig([throttled(1_000, 0, 10)], { ...shopify, timeout: '30s' });
    expect(await caught(client.query(QUERY))).toMatchObject({ serverCode: 'THROTTLED' });
    expect(sent.requests).toHaveLength(1);
    assertNothingLeft({ clock });
  });

  it('with a restore rate of 0, or no cost at all, backs off as usual', async () => {
    const bare = graphql({ errors: [{ message: '', extensions: { code: 'THROTTLED' } }] });
    for (const reply of [throttled(700, 200, 0), bare]) {
      const fetchOptions = { retry: { retries: 1, backoff: () => 3_000 } };
      const { client, clock, sent } = rig([reply, ok(700, 0)], shopify, fetchOptions);
      const outcome = client.query(QUERY);
      await clock.advance(2_999);
      expect(sent.requests).toHaveLength(1);
      await clock.advance(1);
      expect((await outcome).data).toEqual({ a: 1 });
    }
  });

  it('holds the points for the one that waits already', async () => {
    const { client, clock, sent } = rig([throttled(500, 0), ok(500, 0), ok(500, 0)], shopify);
    const first = client.query('query First { products }');
    await clock.advance(0);
    await clock.advance(1_000);
    const second = client.query('query First { products }');
    await clock.advance(4_000);
    expect(sent.requests).toHaveLength(2);
    await first;
    await clock.advance(5_000);
    await second;
    expect(sent.requests).toHaveLength(3);
  });

  it('does not trip the breaker', async () => {
    const fetchOptions = { retry: { retries: 0 }, circuitBreaker: { consecutive: 1 } };
    const { client } = rig([throttled(1, 0), ok(1, 0)], shopify, fetchOptions);
    expect(await caught(client.query(QUERY))).toMatchObject({ serverCode: 'THROTTLED' });
    expect((await client.query(OTHER)).data).toEqual({ a: 1 });
  });
});

describe('430', () => {
  const rejected = (): Response => new Response('Security Rejection', { status: 430 });

  it('is repeated once, after five seconds', async () => {
    const { client, clock, sent } = rig([rejected, ok(1, 1)], shopify);
    const outcome = client.query('mutation { a }');
    await clock.advance(4_999);
    expect(sent.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await outcome).data).toEqual({ a: 1 });
  });

  it('and not again', async () => {
    const { client, clock, sent } = rig([rejected, rejected, ok(1, 1)], shopify, {
      retry: { retries: 5 },
    });
    const outcome = caught(client.query(QUERY));
    await clock.advance(20_000);
    expect(await outcome).toMatchObject({ code: 'ERR_OPS_GRAPHQL_HTTP', status: 430 });
    expect(sent.requests).toHaveLength(2);
  });

  it('is an answer like any other elsewhere', async () => {
    const { client, sent } = rig([rejected, ok(1, 1)]);
    expect(await caught(client.query(QUERY))).toMatchObject({ status: 430 });
    expect(sent.requests).toHaveLength(1);
  });
});

describe('readCost', () => {
  it('drops what is no number', () => {
    for (const bad of [undefined, null, 5, 'x', { cost: null }, { cost: { throttleStatus: [] } }]) {
      expect(readCost(bad)).toEqual({ requestedCost: undefined, status: undefined });
    }
    const status = { maximumAvailable: 10, currentlyAvailable: -1, restoreRate: 1 };
    expect(readCost({ cost: { requestedQueryCost: NaN, throttleStatus: status } })).toEqual({
      requestedCost: undefined,
      status: undefined,
    });
    expect(
      readCost({ cost: { throttleStatus: { maximumAvailable: 1, currentlyAvailable: 1 } } }),
    ).toEqual({
      requestedCost: undefined,
      status: { maximumAvailable: 1, currentlyAvailable: 1, restoreRate: 0 },
    });
  });
});

describe('the bucket', () => {
  it('never lets more out than a server of the same rules has', () => {
    const steps = fc.array(
      fc.record({
        cost: fc.integer({ min: 0, max: 1_000 }),
        pauseMs: fc.integer({ min: 0, max: 5_000 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 200 }), (requests, restoreRate) => {
        const max = 1_000;
        let available = max;
        let at = 0;
        let nowMs = 0;
        const bucket = createCostBucket({ ...systemClock, monotonic: () => nowMs });
        bucket.reserve(0).end({ maximumAvailable: max, currentlyAvailable: max, restoreRate });
        for (const { cost: points, pauseMs } of requests) {
          nowMs += pauseMs;
          const reservation = bucket.reserve(points);
          nowMs += reservation.waitMs;
          available = Math.min(max, available + ((nowMs - at) / 1_000) * restoreRate);
          at = nowMs;
          expect(available - points).toBeGreaterThanOrEqual(-1e-6);
          available -= points;
          reservation.end({ maximumAvailable: max, currentlyAvailable: available, restoreRate });
        }
      }),
    );
  });

  it('tells nothing while it knows nothing', () => {
    const bucket = createCostBucket(manualClock());
    expect(bucket.waitFor(1)).toBeUndefined();
    expect(bucket.reserve(1_000).waitMs).toBe(0);
  });
});
