import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { type HttpOptions, http } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { closeServersAfterEach, listening } from '../local-server.ts';
import { manualClock } from '../manual-clock.ts';
import { stateOf } from './state-of.ts';
import { closeTcpServersAfterEach, tcpServer } from './tcp-server.ts';

closeServersAfterEach();
closeTcpServersAfterEach();

const of = (options: HttpOptions) => stateOf(http(options));
const context = { signal: new AbortController().signal, name: 'x', attempt: 1, timeoutMs: 1 };

describe('body', () => {
  test.each<[string, NonNullable<NonNullable<HttpOptions['expect']>['body']>, string]>([
    ['is as expected', (text) => text === 'ready: ü', 'ok'],
    ['is, told later', async (text) => text.startsWith('ready'), 'ok'],
    ['is not', () => false, 'bad_response'],
    ['is truthy only', () => 'yes' as unknown as boolean, 'bad_response'],
    ['is not JSON', (text) => JSON.parse(text) === 1, 'bad_response'],
    ['is rejected', () => Promise.reject(new Error('ready: ü')), 'bad_response'],
  ])('%s', async (_, body, code) => {
    const url = await listening((_request, response) => response.end('ready: ü'));
    const state = await of({ url, expect: { body } });
    expect(state.code).toBe(code);
    expect(state.message ?? '').not.toContain('ready');
  });

  test('of an unexpected status is not judged', async () => {
    const body = vi.fn(() => true);
    const url = await listening((_, response) => response.writeHead(503).end('x'));
    expect((await of({ url, expect: { body } })).code).toBe('bad_response');
    expect(body).not.toHaveBeenCalled();
  });

  test('at its bound passes, above it fails, and the connection is closed', async () => {
    const url = await listening((_, response) => response.end('x'.repeat(100)));
    const expected = { body: () => true };
    expect((await of({ url, expect: expected, maxBodyBytes: 100 })).code).toBe('ok');
    const closed = vi.fn();
    const endless = await listening((request, response) => {
      request.socket.once('close', closed);
      response.on('drain', () => response.write('x'.repeat(10_000)));
      response.write('x'.repeat(100_000));
    });
    expect(await of({ url: endless, expect: expected })).toMatchObject({
      code: 'bad_response',
      message: 'the body is longer than 65536 bytes',
    });
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(1);
    });
  });

  test('a small one that unpacks to a huge one is cut off', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const url = await listening((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const state = await of({ url, expect: { body: () => true } });
    expect(state.message).toBe('the body is longer than 65536 bytes');
  });

  test('that breaks off: refused', async () => {
    const url = await listening((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x');
      setImmediate(() => request.socket.resetAndDestroy());
    });
    expect(await of({ url, expect: { body: () => true } })).toMatchObject({
      status: 'fail',
      code: 'refused',
    });
  });

  test('that drips: timeout at the limit, and the connection is closed', async () => {
    const clock = manualClock();
    let arrived = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const closed = vi.fn();
    const url = await listening((request, response) => {
      request.socket.once('close', closed);
      response.write('x');
      arrived();
    });
    await using health = createHealth({
      checks: { one: http({ url, expect: { body: () => true } }) },
      clock,
    });
    const report = health.check();
    await arrival;
    await clock.advance(1_000);
    expect((await report).checks.one.code).toBe('timeout');
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(1);
      expect(health.report().checks.one.running).toBe(false);
    });
  });

  test('of a fetch that ignores its signal is cancelled too', async () => {
    const cancel = vi.fn();
    const fetch = () => Promise.resolve(new Response(new ReadableStream({ cancel })));
    const controller = new AbortController();
    const { run } = http({ url: 'http://a.test/', fetch, expect: { body: () => true } });
    const result = run({ ...context, signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('over'));
    await expect(result).rejects.toThrow('over');
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});

describe('what is no answer', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  test.each([
    ['not HTTP', 'SSH-2.0-server\r\n', 'no response: HTTPParserError'],
    ['headers without end', `${HEAD}${'x: y\r\n'.repeat(10_000)}`, 'UND_ERR_HEADERS_OVERFLOW'],
    [
      'packed badly',
      `${HEAD}content-encoding: gzip\r\ncontent-length: 2\r\n\r\nno`,
      'Z_DATA_ERROR',
    ],
  ])('%s is a bad response', async (_, text, reason) => {
    const { port } = await tcpServer((socket) => socket.end(text));
    const state = await of({ url: `http://127.0.0.1:${port}`, expect: { body: () => true } });
    expect(state.code).toBe('bad_response');
    expect(state.message).toContain(reason);
  });
});

describe('redirects', () => {
  /** Answers `/` with a redirect to `location` and anything else with `ok`. */
  const redirecting = (location: (at: string) => string, seen: string[] = []) =>
    listening((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const at = `http://${request.headers.host}`;
      if (request.url === '/') response.writeHead(302, { location: location(at) });
      response.end('ok');
    });
  const headers = { authorization: 'Bearer canary' };

  test('within the origin are followed when asked to, with the headers', async () => {
    const seen: string[] = [];
    const url = await redirecting(() => '/health', seen);
    expect((await of({ url, headers, redirect: 'same-origin' })).code).toBe('ok');
    expect(seen).toEqual(['GET / Bearer canary', 'GET /health Bearer canary']);
    expect((await of({ url, headers })).message).toBe('unexpected status 302');
  });

  test.each(['same-origin', 'none'] as const)(
    'to another origin take no credentials along: %s',
    async (redirect) => {
      const other = vi.fn();
      const elsewhere = await listening((_, response) => {
        other();
        response.end();
      });
      const url = await redirecting(() => `${elsewhere}/?token=canary`);
      const state = await of({ url, headers, redirect });
      expect(state.code).toBe('bad_response');
      expect(JSON.stringify(state)).not.toContain('canary');
      expect(other).not.toHaveBeenCalled();
    },
  );

  test.each([
    ['in a circle', (at: string) => `${at}/`, 'redirected more than 5 times'],
    ['without a place to go', () => 'http://', 'unexpected status 302'],
    ['to a file', () => 'file:///etc/passwd', 'redirected to another origin, not followed'],
  ])('%s', async (_, location, message) => {
    const url = await redirecting(location);
    expect((await of({ url, redirect: 'same-origin' })).message).toBe(message);
  });

  test('one that is expected is not followed; nor is that of a POST', async () => {
    const seen: string[] = [];
    const url = await redirecting(() => '/health', seen);
    const expected = await of({ url, redirect: 'same-origin', expect: { status: 302 } });
    expect(expected.code).toBe('ok');
    await of({ url, redirect: 'same-origin', method: 'POST', body: '{}' });
    expect(seen.map((line) => line.split(' ')[1])).toEqual(['/', '/']);
  });
});

describe('latency', () => {
  test.each([
    [499, 'pass', 'ok'],
    [500, 'warn', 'threshold'],
  ])('%d ms of 500 ms: %s', async (tookMs, status, code) => {
    const times = [0, tookMs];
    const clock = { monotonic: () => times.shift() ?? 0 };
    const url = await listening((_, response) => response.end());
    const state = await of({ url, warn: '500ms', clock });
    expect(state).toMatchObject({ status, code });
    expect(state.measurements).toMatchObject([
      { measurement: 'responseTime', value: tookMs, unit: 'ms' },
    ]);
  });
});

test('a POST with its body', async () => {
  const seen = vi.fn();
  const url = await listening((request, response) => {
    request.on('data', (chunk: Buffer) => seen(request.method, chunk.toString()));
    request.on('end', () => response.end());
  });
  expect((await of({ url, method: 'POST', body: '{"a":1}' })).code).toBe('ok');
  expect(seen).toHaveBeenCalledWith('POST', '{"a":1}');
});

test('the policy of a check goes with it', () => {
  const token = { authorization: 'Bearer x' };
  expect(http({ url: 'http://a/', headers: token, every: '30s', critical: false })).toMatchObject({
    every: 30_000,
    critical: false,
    external: true,
  });
});

test('options: every fault is named, and no secret is', () => {
  const options = {
    url: 'https://user:canary@a/',
    headers: { authorization: 7 },
    method: 'GET',
    body: 'canary',
    redirect: 'follow',
    maxBodyBytes: 1e9,
    warn: 'soon',
    every: 0,
  };
  const make = () => http(options as unknown as HttpOptions);
  expect(make).toThrow(
    /every: .*warn: .*url: .*headers: .*redirect: .*maxBodyBytes: .*body: GET sends none/,
  );
  expect(make).not.toThrow(/canary/);
});
