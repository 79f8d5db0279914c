import { generateKeyPairSync } from 'node:crypto';
import { HttpResponse, http } from 'msw/http';
import { describe, expect, test } from 'vitest';
import { type OidcOptions, oidc } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';
import { answers, fakeThirdParties } from './third-party.ts';

fakeThirdParties();

const ISSUER = 'https://login.test/realms/main';
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const KEYS = 'https://keys.test/jwks';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({
  format: 'jwk',
});
const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({
  format: 'jwk',
});
const key = ec.publicKey.export({ format: 'jwk' });
const document = { issuer: ISSUER, jwks_uri: KEYS };

interface Script {
  readonly document?: unknown;
  readonly keys?: unknown;
  readonly headers?: Record<string, string>;
}

function script({ document: discovered = document, keys = [key], headers = {} }: Script): void {
  answers(
    http.get(DISCOVERY, () => HttpResponse.json(discovered as object, { headers })),
    http.get(KEYS, () => HttpResponse.json({ keys } as object)),
  );
}

const of = (options: Partial<OidcOptions> = {}) => stateOf(oidc({ issuer: ISSUER, ...options }));

describe('keys', () => {
  test.each([
    ['EC', [key]],
    ['Ed25519', [ed]],
    ['RSA', [{ ...rsa, use: 'sig', alg: 'RS256', kid: '1' }]],
    [
      'one of several',
      [{ kty: 'new' }, { ...key, use: 'enc' }, null, { ...key, key_ops: ['verify'] }],
    ],
  ])('%s: passes', async (_, keys) => {
    script({ keys });
    expect(await of()).toMatchObject({ status: 'pass', code: 'ok' });
  });

  test.each([
    ['none', []],
    ['no list', { 0: key }],
    ['for encryption only', [{ ...key, use: 'enc' }]],
    ['for signing only', [{ ...key, key_ops: ['sign'] }]],
    ['a shared secret', [{ kty: 'oct', k: 'AAAA' }]],
    ['a private key', [ec.privateKey.export({ format: 'jwk' })]],
    ['RSA of 1,024 bits', [short]],
    ['numbers that are no key', [{ ...key, x: 'AAAA' }]],
    ['rubbish', [null, 1, 'x', [], {}]],
  ])('%s: bad_response', async (_, keys) => {
    script({ keys });
    expect(await of()).toMatchObject({
      status: 'fail',
      code: 'bad_response',
      message: 'no key that could verify a signature',
    });
  });
});

describe('discovery', () => {
  test.each([
    [
      'another issuer',
      { ...document, issuer: `${ISSUER}/` },
      'the discovery document is of another issuer',
    ],
    ['no issuer', { jwks_uri: KEYS }, 'the discovery document is of another issuer'],
    ['no keys', { issuer: ISSUER }, 'the discovery document has no jwks_uri to trust'],
    [
      'keys in the clear',
      { ...document, jwks_uri: 'http://keys.test/jwks' },
      'the discovery document has no jwks_uri to trust',
    ],
    [
      'keys in a file',
      { ...document, jwks_uri: 'file:///etc/passwd' },
      'the discovery document has no jwks_uri to trust',
    ],
    ['a list', [document], 'the body is not a JSON object'],
  ])('%s: bad_response', async (_, discovered, message) => {
    script({ document: discovered });
    expect(await of()).toMatchObject({ status: 'fail', code: 'bad_response', message });
  });

  test('an issuer with a slash at its end', async () => {
    script({ document: { ...document, issuer: `${ISSUER}/` } });
    expect((await of({ issuer: `${ISSUER}/` })).code).toBe('ok');
  });

  test.each([
    [404, 'bad_response'],
    [302, 'bad_response'],
    [429, 'rate_limited'],
    [503, 'bad_response'],
  ])('%d of either: %s', async (status, code) => {
    const answer = () => new HttpResponse('canary', { status, headers: { location: '/canary' } });
    answers(http.get(DISCOVERY, answer));
    expect(await of()).toMatchObject({ code, message: `unexpected status ${status}` });
    script({});
    answers(http.get(KEYS, answer));
    expect(await of()).toMatchObject({ code, message: `unexpected status ${status}` });
  });

  test('HTML instead of JSON, and none of it in the message', async () => {
    answers(http.get(DISCOVERY, () => HttpResponse.html('<p>canary')));
    expect(await of()).toMatchObject({ code: 'bad_response', message: 'the body is not JSON' });
  });
});

describe('clocks', () => {
  const clock = { now: () => Date.parse('2026-01-01T12:00:00Z') };
  test.each([
    ['Thu, 01 Jan 2026 12:00:00 GMT', {}, 'pass', 0],
    ['Thu, 01 Jan 2026 12:00:59 GMT', {}, 'pass', 59],
    ['Thu, 01 Jan 2026 12:01:00 GMT', {}, 'warn', 60],
    ['Thu, 01 Jan 2026 11:58:20 GMT', {}, 'warn', -100],
    ['Thu, 01 Jan 2026 11:00:00 GMT', { age: '3600' }, 'pass', 0],
  ])('%s, %o: %s', async (date, headers, status, value) => {
    script({ headers: { date, ...headers } });
    const state = await of({ clock });
    expect(state).toMatchObject({ status, code: status === 'pass' ? 'ok' : 'threshold' });
    expect(state.measurements[0]).toMatchObject({ measurement: 'clockSkew', value, unit: 's' });
  });

  test('which is ahead is told', async () => {
    script({ headers: { date: 'Thu, 01 Jan 2026 11:58:20 GMT' } });
    expect((await of({ clock, skew: '5s' })).message).toBe('its clock is 100 s behind this one');
  });

  test.each([{}, { date: 'yesterday' }, { date: 'Thu, 01 Jan 2026 12:00:00 GMT', age: '-1' }])(
    'nothing to go by: %o passes',
    async (headers) => {
      script({ headers });
      expect(await of({ clock })).toMatchObject({
        status: 'pass',
        message: 'no Date header to compare the clocks by',
      });
    },
  );
});

test('options: every fault is named; every minute unless told otherwise', () => {
  // @ts-expect-error -- none of it is right
  expect(() => oidc({ issuer: 'https://u:canary@x/', skew: '1s', jwks: 1 })).toThrow(
    /^oidc: issuer: expected .*, got another string; skew: .*; jwks: there is no such option/,
  );
  expect(() => oidc({ issuer: 'https://x/?a=1' })).toThrow('issuer');
  expect(oidc({ issuer: ISSUER }).every).toBe('1m');
});
