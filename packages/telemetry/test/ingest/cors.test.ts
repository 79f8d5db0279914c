import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/index.ts';
import { harness, pingEvent } from './harness.ts';

const ORIGIN = 'https://app.example.com';
const body = () => JSON.stringify({ events: [pingEvent()], key: 'write-key' });

const preflight = (origin: string | null = ORIGIN) =>
  new Request('http://x/api/telemetry', {
    method: 'OPTIONS',
    headers: {
      ...(origin !== null && { origin }),
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-encoding, content-type',
    },
  });
const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => /^access-control-|^vary$/.test(name)));

describe('with origins', () => {
  const cors = { origins: [ORIGIN, 'http://localhost:5173'] };

  it('answers a preflight', async () => {
    const { handler } = harness({ cors });
    const response = await handler(preflight());
    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': expect.stringMatching(
        /authorization, content-type, content-encoding/,
      ),
      'access-control-expose-headers': 'Retry-After',
      'access-control-max-age': '86400',
      vary: 'Origin',
    });
    expect(handler.stats().requests).toBe(0);
  });

  it.each([ORIGIN, 'http://localhost:5173'])(
    'lets a beacon of %s read its answer',
    async (origin) => {
      const { post, sink } = harness({ cors });
      const headers = { origin, authorization: null, 'content-type': 'text/plain;charset=UTF-8' };
      const response = await post(body(), { ...headers, cookie: 'session=1' });
      expect(response.status).toBe(200);
      expect(sink.stored.size).toBe(1);
      expect(corsOf(response)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Retry-After',
        vary: 'Origin',
      });
    },
  );

  it.each([
    ['401', { authorization: 'Bearer wrong' }, 401],
    ['415', { 'content-type': 'image/png' }, 415],
    ['400', { 'content-encoding': 'gzip' }, 400],
  ])('lets it read a %s', async (_name, headers, status) => {
    const { post } = harness({ cors });
    const response = await post(body(), { origin: ORIGIN, ...headers });
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  });

  it('lets it read a 405, a 503 and its Retry-After', async () => {
    const sink = { write: () => Promise.reject(new Error('down')) };
    const { post, handler } = harness({ cors, sink });
    const down = await post(body(), { origin: ORIGIN });
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5']);
    expect(down.headers.get('access-control-expose-headers')).toBe('Retry-After');
    expect(down.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    const get = await handler(new Request('http://x/', { headers: { origin: ORIGIN } }));
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect(get.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  });

  it.each([
    'https://evil.test',
    'https://app.example.com.evil.test',
    'http://app.example.com',
    'https://app.example.com:444',
    'null',
    null,
  ])('does not let %s in', async (origin) => {
    const { handler, post } = harness({ cors });
    const refused = await handler(preflight(origin));
    expect(refused.status).toBe(403);
    expect(corsOf(refused)).toEqual({ vary: 'Origin' });
    const answer = await post(body(), { origin });
    expect(corsOf(answer)).toEqual({ vary: 'Origin' });
  });
});

it('lets everyone in without credentials where that is wanted', async () => {
  const { handler, post } = harness({ cors: { origins: '*', maxAge: '10m' } });
  const response = await handler(preflight('https://anything.test'));
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-max-age')).toBe('600');
  expect(corsOf(await post(body(), { origin: 'https://anything.test' }))).toEqual({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Retry-After',
  });
});

it('may refuse credentials for its origins', async () => {
  const { handler } = harness({ cors: { origins: [ORIGIN], credentials: false } });
  const response = await handler(preflight());
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
});

it('has no CORS unless it is asked for', async () => {
  const { handler, post } = harness();
  const response = await handler(preflight());
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect(corsOf(await post(body(), { origin: ORIGIN }))).toEqual({});
});

it.each([
  [{ origins: '*', credentials: true }, /cors\.credentials: no browser takes/],
  [{ origins: ['https://app.example.com/'] }, /cors\.origins: expected/],
  [{ origins: ['app.example.com'] }, /cors\.origins: expected/],
  [{ origins: ['*'] }, /cors\.origins: expected/],
  [{}, /cors\.origins: expected/],
])('refuses %j', (cors, message) => {
  const create = () => harness({ cors: cors as never });
  expect(create).toThrow(InvalidOptionsError);
  expect(create).toThrow(message);
});
