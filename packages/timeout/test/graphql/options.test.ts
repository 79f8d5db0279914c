import { describe, expect, it } from 'vitest';
import { createGraphQL, type HeadersSource } from '../../src/graphql/index.ts';
import { InvalidOptionsError } from '../../src/index.ts';
import { failing, rig, URL_OF_API } from './harness.ts';

const QUERY = '{ shop { name } }';
const caught = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.catch((error: unknown) => error);

describe('options', () => {
  it.each([
    [{ url: 'graphql.json' }, /url: expected an http/],
    [{ url: 'file:///etc/passwd' }, /url/],
    [{ url: 'https://user:password@shop.example/' }, /without user name or password$/],
    [{}, /url/],
    [{ url: URL_OF_API, costs: 'shopify' }, /costs: no such option/],
    [{ url: URL_OF_API, cost: 'wave' }, /cost: expected shopify/],
    [{ url: URL_OF_API, timeout: 0 }, /timeout/],
    [{ url: URL_OF_API, retry: { retries: -1 } }, /retries/],
    [{ url: URL_OF_API, fetch: 'no' }, /fetch: expected a function/],
  ])('%j is refused at construction', (options, message) => {
    expect(() => createGraphQL(options as never)).toThrow(InvalidOptionsError);
    expect(() => createGraphQL(options as never)).toThrow(message);
  });

  it('does not quote a token in its refusal', () => {
    const secret = 'shpat_secret\u0000';
    const make = (): unknown =>
      createGraphQL({ url: URL_OF_API, headers: { authorization: secret } });
    expect(make).toThrow(InvalidOptionsError);
    let refusal = '';
    try {
      make();
    } catch (error) {
      refusal = String((error as Error).stack) + String((error as Error).cause);
    }
    expect(refusal).toContain('headers');
    expect(refusal).not.toContain('shpat');
  });

  it('does not quote a token that comes later either', async () => {
    const wrong = (): HeadersSource => ({ authorization: 'shpat_secret\u0000' });
    const outcomes = [
      caught(rig([], { headers: wrong }).client.query(QUERY)),
      caught(rig([failing('UNAUTHENTICATED')], { refresh: wrong }).client.query(QUERY)),
    ];
    for (const error of await Promise.all(outcomes)) {
      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(String((error as Error).stack) + String((error as Error).cause)).not.toContain(
        'shpat',
      );
    }
  });

  it('takes the limits, the breaker and the places of the fetch', async () => {
    const { client, sent } = rig(
      [1, 2].map(() => () => new Response('', { status: 500 })),
      { retry: { retries: 0 } },
      { circuitBreaker: { consecutive: 2 } },
    );
    for (const status of [500, 500]) {
      expect(await caught(client.query(QUERY))).toMatchObject({ status });
    }
    expect(await caught(client.query(QUERY))).toMatchObject({ code: 'ERR_OPS_CIRCUIT_OPEN' });
    expect(sent.requests).toHaveLength(2);
  });
});
