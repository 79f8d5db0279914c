import { createHealth, type ExternalCheckSpec } from '@ops/health';
import { describe, expect, it } from 'vitest';
import { shopifyReachable, waveReachable } from '../health-checks.ts';
import { type Asked, broken, data, failure, type Reply, script, status } from './replies.ts';

const SHOPIFY = 'https://my-shop.myshopify.com/admin/api/2026-10/graphql.json';
const WAVE = 'https://gql.waveapps.com/graphql/public';

async function of(check: ExternalCheckSpec, endpoint: string, reply: Reply) {
  const asked = script(endpoint, reply);
  await using health = createHealth({ checks: { partner: check } });
  return { state: (await health.check()).checks.partner, asked: asked[0] };
}

const unauthenticated =
  (httpStatus: number): Reply =>
  async (asked) =>
    new Response(await (await failure('UNAUTHENTICATED')(asked)).text(), { status: httpStatus });

function expectNoCredentials(asked: Asked | undefined): void {
  expect(asked).toBeDefined();
  expect(asked?.headers.get('authorization')).toBeNull();
  expect(asked?.headers.get('x-shopify-access-token')).toBeNull();
  expect(asked?.headers.get('cookie')).toBeNull();
}

describe('shopifyReachable', () => {
  it('passes when the login check answers, without credentials', async () => {
    const { state, asked } = await of(shopifyReachable({ shop: 'my-shop' }), SHOPIFY, status(401));
    expect(state).toMatchObject({ status: 'pass', code: 'ok' });
    expectNoCredentials(asked);
  });

  it.each([
    [402, 'bad_response'],
    [404, 'bad_response'],
    [423, 'bad_response'],
    [403, 'auth'],
    [429, 'rate_limited'],
    [503, 'bad_response'],
    [200, 'bad_response'],
  ])('%d: %s, as a warning', async (code, expected) => {
    const check = shopifyReachable({ shop: 'my-shop.myshopify.com' });
    const { state } = await of(check, SHOPIFY, status(code));
    expect(state).toMatchObject({ status: 'warn', raw: 'fail', code: expected });
    expect(JSON.stringify(state)).not.toContain('my-shop');
  });

  it.each(['evil.example/', 'a.b', '', 'x@evil.example', '-a', 'a.myshopify.com.evil.example'])(
    'asks no %j',
    (shop) => {
      expect(() => shopifyReachable({ shop })).toThrow('shop: expected');
    },
  );

  it('takes the options of a check, and no rubbish for a version', () => {
    const check = shopifyReachable({ shop: 'my-shop', every: '5m', critical: true });
    expect(check).toMatchObject({ every: 300_000, critical: true, timeout: 5_000 });
    expect(() => shopifyReachable({ shop: 'my-shop', version: '../x' })).toThrow('version');
  });
});

describe('waveReachable', () => {
  it.each([200, 400, 401])(
    'passes when the API asks who is there, with HTTP %d',
    async (httpStatus) => {
      const { state, asked } = await of(waveReachable(), WAVE, unauthenticated(httpStatus));
      expect(state).toMatchObject({ status: 'pass', code: 'ok' });
      expectNoCredentials(asked);
    },
  );

  it.each<[string, Reply, string]>([
    ['another error', failure('INTERNAL_SERVER_ERROR'), 'bad_response'],
    ['data for nobody', data({ user: null }), 'bad_response'],
    ['a page', () => new Response('<html>'), 'bad_response'],
    ['null', () => new Response('null'), 'bad_response'],
    ['503', status(503), 'bad_response'],
    ['429', status(429), 'rate_limited'],
    ['a body that is reset', broken('reset'), 'refused'],
  ])('%s: fails, as a warning', async (_, reply, code) => {
    const { state } = await of(waveReachable(), WAVE, reply);
    expect(state).toMatchObject({ status: 'warn', raw: 'fail', code });
  });
});
