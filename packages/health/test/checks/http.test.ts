import { describe, expect, test, vi } from 'vitest';
import { type HttpOptions, http } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { closeServers, closeServersAfterEach, listening } from '../local-server.ts';
import { manualClock } from '../manual-clock.ts';

closeServersAfterEach();

async function stateOf(options: HttpOptions) {
  await using health = createHealth({ checks: { one: http(options) } });
  return (await health.check()).checks.one;
}

/** A server that answers every request with `status`. */
const answering = (status: number) =>
  listening((_, response) => {
    response.writeHead(status).end(status === 204 ? undefined : 'body');
  });

describe('the answer', () => {
  test.each([
    [200, 'pass', 'ok'],
    [204, 'pass', 'ok'],
    [299, 'pass', 'ok'],
    [301, 'fail', 'bad_response'],
    [400, 'fail', 'bad_response'],
    [401, 'fail', 'auth'],
    [403, 'fail', 'auth'],
    [404, 'fail', 'bad_response'],
    [429, 'fail', 'rate_limited'],
    [503, 'fail', 'bad_response'],
  ])('%i: %s, %s', async (status, expected, code) => {
    expect(await stateOf({ url: await answering(status) })).toMatchObject({
      status: expected,
      code,
      ...(expected === 'fail' && { message: `unexpected status ${status}` }),
    });
  });

  test.each([
    [401, 401, 'pass'],
    [401, [200, 401], 'pass'],
    [200, [201, 401], 'fail'],
    [200, 401, 'fail'],
    [418, (status: number) => status === 418, 'pass'],
    [200, () => false, 'fail'],
    [
      200,
      () => {
        throw new Error('x');
      },
      'fail',
    ],
  ])('%i when %o is expected: %s', async (status, expected, result) => {
    const url = await answering(status);
    expect(await stateOf({ url, expect: { status: expected } })).toMatchObject({ status: result });
  });

  test('method and headers are sent; a function is asked at each attempt, with the context', async () => {
    const seen: string[] = [];
    const url = await listening((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization}`);
      response.end();
    });
    const clock = manualClock();
    const headers = vi.fn(async ({ attempt }: { attempt: number }) => ({
      authorization: `no ${attempt}`,
    }));
    await using health = createHealth({
      checks: { one: http({ url: new URL(url), method: 'HEAD', headers }) },
      clock,
    });
    await health.check();
    await clock.advance(5_000);
    await health.check();
    expect(seen).toEqual(['HEAD no 1', 'HEAD no 2']);
    expect((await stateOf({ url, headers: { authorization: 'fixed' } })).status).toBe('pass');
    expect(seen[2]).toBe('GET fixed');
  });

  test('a redirect is not followed, so no credentials travel', async () => {
    const other = vi.fn();
    const elsewhere = await listening((_, response) => {
      other();
      response.end();
    });
    const url = await listening((_, response) => {
      response.writeHead(307, { location: elsewhere }).end();
    });
    const state = await stateOf({ url, headers: { authorization: 'Bearer x' } });
    expect(state).toMatchObject({ code: 'bad_response', message: 'unexpected status 307' });
    expect(other).not.toHaveBeenCalled();
  });

  test('its own fetch is used, and a fetch that ignores its signal is overdue once', async () => {
    const clock = manualClock();
    const fetch = vi.fn<typeof globalThis.fetch>(() => new Promise(() => {}));
    await using health = createHealth({
      checks: { one: http({ url: 'http://auth.test/', fetch, timeout: '2s' }) },
      clock,
    });
    const report = health.check();
    await clock.advance(2_000);
    expect((await report).code).toBe('timeout');
    await health.check();
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test('not critical: warn', async () => {
    const url = await answering(500);
    expect(await stateOf({ url, critical: false })).toMatchObject({ status: 'warn', raw: 'fail' });
  });
});

describe('the connection', () => {
  test('nothing listens: refused', async () => {
    const gone = await listening(() => {});
    await closeServers();
    expect(await stateOf({ url: gone })).toMatchObject({
      code: 'refused',
      message: 'no response: ECONNREFUSED',
    });
  });

  test('a name that does not resolve: dns', async () => {
    expect((await stateOf({ url: 'http://nothing.invalid/', timeout: '30s' })).code).toBe('dns');
  });

  test('TLS with something that does not speak it: tls', async () => {
    const plain = await listening(() => {});
    const state = await stateOf({ url: plain.replace('http:', 'https:') });
    expect(state.code).toBe('tls');
  });

  test('a body without an end is not waited for, and its connection is closed', async () => {
    const closed = vi.fn();
    const endless = await listening((request, response) => {
      request.socket.once('close', closed);
      response.write('a'.repeat(1_000));
    });
    expect((await stateOf({ url: endless })).status).toBe('pass');
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(1);
    });
  });

  test('no answer within the limit: timeout, and the connection is closed', async () => {
    const clock = manualClock();
    let arrived = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const closed = vi.fn();
    const silent = await listening((request) => {
      request.socket.once('close', closed);
      arrived();
    });
    await using health = createHealth({ checks: { one: http({ url: silent }) }, clock });
    const report = health.check();
    await arrival;
    await clock.advance(1_000);
    expect((await report).checks.one.code).toBe('timeout');
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(1);
      expect(health.report().checks.one.running).toBe(false);
    });
  });
});
