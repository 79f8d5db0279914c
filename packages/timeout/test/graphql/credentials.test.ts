import { describe, expect, it, vi } from 'vitest';
import type { HeadersSource } from '../../src/graphql/index.ts';
import { failing, graphql, rig } from './harness.ts';

const QUERY = 'query Q($id: ID!) { product(id: $id) { title } }';
const MUTATION = 'mutation M { productCreate(input: {}) { product { id } } }';
const OK = (): Response => graphql({ data: { product: { title: 'Hat' } } });
const caught = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.catch((error: unknown) => error);

describe('a token that has expired', () => {
  const expired = (): Response => failing('UNAUTHENTICATED', null);
  const token = (request: Request): string | null => request.headers.get('authorization');
  const base = { headers: { authorization: 'old', 'x-a': 'b' } };

  it.each([
    ['UNAUTHENTICATED', expired],
    ['401', () => graphql({ errors: '[API] Invalid API key' }, 401)],
    ['401 with errors', () => graphql({ errors: [{ message: 'no' }] }, 401)],
  ])('is renewed once: %s', async (_, reply) => {
    const refresh = vi.fn(async () => ({ authorization: 'new' }));
    const { client, sent } = rig([reply(), OK(), OK()], { ...base, refresh });
    expect((await client.query(MUTATION)).data).toBeDefined();
    await client.query(QUERY);
    expect(sent.requests.map(token)).toEqual(['old', 'new', 'new']);
    expect(sent.requests[1]?.headers.get('x-a')).toBe('b');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('is renewed by one for all', async () => {
    let finish = (): void => {};
    const refresh = vi.fn(
      () =>
        new Promise<HeadersSource>((resolve) => (finish = () => resolve({ authorization: 'new' }))),
    );
    const answer = (request: Request): Response => (token(request) === 'old' ? expired() : OK());
    const replies = Array.from({ length: 20 }, () => answer);
    const { client, clock, sent } = rig(replies, { ...base, refresh });
    const calls = Array.from({ length: 10 }, () => client.query(QUERY));
    await clock.advance(0);
    finish();
    expect(await Promise.all(calls)).toHaveLength(10);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(sent.requests).toHaveLength(20);
  });

  it('is not renewed again for a reply to the old one that comes late', async () => {
    let answerLate: ((response: Response) => void) | undefined;
    const late = (): Promise<Response> => new Promise((resolve) => (answerLate = resolve));
    const refresh = vi.fn(async () => ({ authorization: 'new' }));
    const { client, clock, sent } = rig([late, expired(), OK(), OK()], { ...base, refresh });
    const slow = client.query(QUERY);
    await clock.advance(0);
    await client.query(QUERY);
    answerLate?.(expired());
    await slow;
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(sent.requests.map(token)).toEqual(['old', 'old', 'new', 'new']);
  });

  it('fails when the new one does not do either, or there is no way to renew', async () => {
    const refresh = vi.fn(async () => ({ authorization: 'new' }));
    const twice = rig([expired(), expired(), OK()], { ...base, refresh });
    expect(await caught(twice.client.query(QUERY))).toMatchObject({
      serverCode: 'UNAUTHENTICATED',
    });
    expect([twice.sent.requests.length, refresh.mock.calls.length]).toEqual([2, 1]);
    const once = rig([expired(), OK()], base);
    expect(await caught(once.client.query(QUERY))).toMatchObject({ serverCode: 'UNAUTHENTICATED' });
  });

  it('rejects with what the renewal throws, and tries again at the next call', async () => {
    const error = new Error('the identity provider is down');
    const refresh = vi.fn<() => Promise<HeadersSource>>();
    refresh.mockRejectedValueOnce(error).mockResolvedValueOnce({ authorization: 'new' });
    const { client } = rig([expired(), expired(), OK()], { ...base, refresh });
    await expect(client.query(QUERY)).rejects.toBe(error);
    expect((await client.query(QUERY)).data).toBeDefined();
  });

  it('leaves the renewal to the others when one caller aborts, and stops it with the last', async () => {
    const signals: AbortSignal[] = [];
    let finish = (): void => {};
    const refresh = ({ signal }: { signal: AbortSignal }): Promise<HeadersSource> => {
      signals.push(signal);
      return new Promise((resolve) => (finish = () => resolve({ authorization: 'new' })));
    };
    const { client, clock } = rig([expired(), expired(), OK(), expired()], { ...base, refresh });
    const [first, second, third] = [1, 2, 3].map(() => new AbortController());
    const one = client.query(QUERY, {}, { signal: first?.signal });
    const two = client.query(QUERY, {}, { signal: second?.signal });
    await clock.advance(0);
    first?.abort('left');
    await expect(one).rejects.toBe('left');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    finish();
    expect((await two).data).toBeDefined();
    const alone = client.query(QUERY, {}, { signal: third?.signal });
    await clock.advance(0);
    third?.abort('left, too');
    await expect(alone).rejects.toBe('left, too');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(signals[1]?.reason).toBe('left, too');
  });
});

describe('a renewal that was given up', () => {
  it('does not take the place of a later one when it comes after all', async () => {
    const finish: ((headers: HeadersSource) => void)[] = [];
    const refresh = (): Promise<HeadersSource> => new Promise((resolve) => finish.push(resolve));
    const expired = (): Response => failing('UNAUTHENTICATED');
    const base = { headers: { authorization: 'old' }, refresh };
    const { client, clock, sent } = rig([expired, expired, OK, OK], base);
    const controller = new AbortController();
    const left = client.query(QUERY, {}, { signal: controller.signal });
    await clock.advance(0);
    controller.abort('left');
    await expect(left).rejects.toBe('left');
    const stays = client.query(QUERY);
    await clock.advance(0);
    finish[1]?.({ authorization: 'newer' });
    await stays;
    finish[0]?.({ authorization: 'late' });
    await clock.advance(0);
    await client.query(QUERY);
    expect(sent.requests.at(-1)?.headers.get('authorization')).toBe('newer');
  });
});
