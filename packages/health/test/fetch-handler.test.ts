import { describe, expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../src/index.ts';
import { manualClock } from './manual-clock.ts';

const BASE = 'http://localhost';
const failing = () => {
  throw new CheckFailedError('refused', 'this will fail');
};

describe("kube-apiserver's table", () => {
  // The rows of its own test, with its names for the checks.
  test.each([
    ['healthz', '?verbose', [], 200, '[+]ping ok\nhealthz check passed\n'],
    ['healthz', '?exclude=dontexist', [], 200, 'ok'],
    ['healthz', '?exclude=bad', ['bad'], 200, 'ok'],
    [
      'healthz',
      '?verbose=true&exclude=bad',
      ['bad'],
      200,
      '[+]ping ok\n[+]bad excluded: ok\nhealthz check passed\n',
    ],
    [
      'healthz',
      '?verbose=true&exclude=dontexist',
      [],
      200,
      '[+]ping ok\nwarn: some health checks cannot be excluded: no matches for "dontexist"\nhealthz check passed\n',
    ],
    ['healthz', '/ping', [], 200, 'ok'],
    ['healthz', '', [], 200, 'ok'],
    [
      'healthz',
      '?verbose',
      ['bad'],
      500,
      '[+]ping ok\n[-]bad failed: reason withheld\nhealthz check failed\n',
    ],
    ['healthz', '/ping', ['bad'], 200, 'ok'],
    ['healthz', '/bad', ['bad'], 500, 'internal server error: reason withheld\n'],
    [
      'healthz',
      '',
      ['bad'],
      500,
      '[+]ping ok\n[-]bad failed: reason withheld\nhealthz check failed\n',
    ],
    ['readyz', '?verbose=false', [], 200, '[+]ping ok\nreadyz check passed\n'],
    [
      'readyz',
      '',
      ['bad'],
      500,
      '[+]ping ok\n[-]bad failed: reason withheld\nreadyz check failed\n',
    ],
    [
      'readyz',
      '?exclude=z&exclude=a%22b&exclude=bad&verbose',
      ['bad'],
      200,
      '[+]ping ok\n[+]bad excluded: ok\nwarn: some health checks cannot be excluded: no matches for "a\\"b","z"\nreadyz check passed\n',
    ],
    [
      'readyz',
      '?exclude=a,b',
      ['bad'],
      500,
      '[+]ping ok\n[-]bad failed: reason withheld\nwarn: some health checks cannot be excluded: no matches for "a,b"\nreadyz check failed\n',
    ],
    ['livez', '?verbose', [], 200, '[+]ping ok\nlivez check passed\n'],
  ])('/%s%s with %o → %i', async (page, rest, bad, status, body) => {
    const health = createHealth({
      preset: 'kubernetes',
      checks: bad.length === 0 ? { ping: () => {} } : { ping: () => {}, bad: failing },
    });
    const response = await health.fetch(new Request(`${BASE}/${page}${rest}`));
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    await health.stop();
  });

  test('an empty group has a ping, and nothing else', async () => {
    const health = createHealth({ checks: { bad: failing } });
    const body = async (path: string) => (await health.fetch(new Request(BASE + path))).text();
    expect(await body('/livez?verbose')).toBe('[+]ping ok\nlivez check passed\n');
    expect(await body('/livez/ping')).toBe('ok');
    expect((await health.fetch(new Request(`${BASE}/livez/bad`))).status).toBe(404);
    await health.stop();
  });

  test('what is excluded, or not asked for, is not run', async () => {
    const run = vi.fn();
    const health = createHealth({
      checks: { one: run, two: () => {} },
      groups: { startup: ['one'] },
    });
    await health.fetch(new Request(`${BASE}/readyz?exclude=one`));
    await health.fetch(new Request(`${BASE}/readyz/two`));
    await health.fetch(new Request(`${BASE}/livez`));
    expect(run).not.toHaveBeenCalled();
    await health.stop();
  });

  test('an excluded name cannot add a line, and only 32 are looked at', async () => {
    const health = createHealth({ checks: { one: () => {}, bad: failing } });
    const evil = encodeURIComponent('x\n[+]one ok\u2028\u0000\u{1F600}é');
    const response = await health.fetch(
      new Request(`${BASE}/readyz?verbose&exclude=${evil}&exclude=bad`),
    );
    expect(await response.text()).toBe(
      '[+]one ok\n[+]bad excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x\\n[+]one ok\\u2028\\x00\u{1F600}é"\nreadyz check passed\n',
    );
    const many = Array.from({ length: 32 }, (_, index) => `exclude=${index}`).join('&');
    expect((await health.fetch(new Request(`${BASE}/readyz?${many}&exclude=bad`))).status).toBe(
      503,
    );
    await health.stop();
  });

  test('while draining, readyz and healthz have a failing shutdown', async () => {
    const health = createHealth({ checks: { one: () => {} }, clock: manualClock() });
    void health.drain();
    const get = async (path: string) => {
      const response = await health.fetch(new Request(BASE + path));
      return [response.status, await response.text()];
    };
    const body = (page: string) =>
      `[+]one ok\n[-]shutdown failed: reason withheld\n${page} check failed\n`;
    expect(await get('/readyz')).toEqual([503, body('readyz')]);
    expect(await get('/healthz')).toEqual([503, body('healthz')]);
    expect(await get('/readyz/shutdown')).toEqual([
      503,
      'internal server error: reason withheld\n',
    ]);
    expect(await get('/livez')).toEqual([200, 'ok']);
    await health.stop();
  });
});

describe('every status × method', () => {
  const outcomes = {
    pass: { one: () => {} },
    warn: { one: { run: failing, critical: false } },
    fail: { one: failing },
  };
  const paths = ['/health', '/readyz', '/readyz?verbose', '/readyz/one', '/livez', '/healthz'];
  const cases = Object.entries(outcomes).flatMap(([status, checks]) =>
    paths.map((path) => ({ status, path, checks })),
  );

  test.each(cases)('$status $path', async ({ status, path, checks }) => {
    const health = createHealth({ checks });
    const ask = (method: string, headers: Record<string, string> = {}) =>
      health.fetch(new Request(BASE + path, { method, headers }));
    const get = await ask('GET');
    const body = await get.text();
    expect(get.status).toBe(status === 'fail' && path !== '/livez' ? 503 : 200);
    expect(get.headers.get('cache-control')).toBe('no-store');
    expect(get.headers.get('content-length')).toBe(String(Buffer.byteLength(body)));

    const head = await ask('HEAD');
    expect([...head.headers]).toEqual([...get.headers]);
    expect([head.status, await head.text()]).toEqual([get.status, '']);

    const conditional = await ask('GET', {
      'if-none-match': '*',
      'if-modified-since': new Date().toUTCString(),
    });
    expect(conditional.status).toBe(get.status);

    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const refused = await ask(method);
      expect(refused.status).toBe(405);
      expect(refused.headers.get('allow')).toBe('GET, HEAD');
    }
    await health.stop();
  });
});

describe('paths', () => {
  test.each([
    '/',
    '/healt',
    '/health/',
    '/health/one',
    '/livez/',
    '/livez/a/b',
    '/readyz/nope',
    '/HEALTH',
    '/readyz/%E0%A4%A',
    '/x/health',
    '/constructor',
    '/toString',
  ])('%s is not found', async (path) => {
    const health = createHealth({ checks: { one: () => {} } });
    const response = await health.fetch(new Request(BASE + path));
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
    await health.stop();
  });

  test('the path is matched, not the URL: a query never leads past us', async () => {
    const health = createHealth({ checks: { bad: failing } });
    for (const query of ['?x', '?', '?/ok', '#/ok', '?exclude']) {
      expect((await health.fetch(new Request(`${BASE}/health${query}`))).status).toBe(503);
    }
    await health.stop();
  });

  test('under a base path, and nowhere else', async () => {
    const health = createHealth({ checks: { 'é,1': () => {} }, basePath: '/ops/v1' });
    const status = async (path: string) => (await health.fetch(new Request(BASE + path))).status;
    expect(await status('/ops/v1/health')).toBe(200);
    expect(await status('/ops/v1/readyz/%C3%A9,1')).toBe(200);
    for (const path of ['/health', '/ops/v1', '/ops/v1health', '/ops/health']) {
      expect(await status(path)).toBe(404);
    }
    await health.stop();
  });

  test('fetch needs no this', async () => {
    const { fetch, stop } = createHealth({ checks: {} });
    expect((await fetch(new Request(`${BASE}/health`))).status).toBe(200);
    await stop();
  });
});

describe('who sees details', () => {
  const checks = { bad: failing };
  const seen = async (details: unknown) => {
    const clock = manualClock();
    const health = createHealth({ checks, details: details as boolean, clock });
    const asked = Promise.all(
      ['/health', '/readyz', '/readyz/bad'].map(async (path) =>
        (await health.fetch(new Request(BASE + path))).text(),
      ),
    );
    await clock.advance(1_000);
    const bodies = await asked;
    await health.stop();
    expect(clock.timerCount).toBe(0);
    return bodies.map((body) => body.includes('this will fail'));
  };

  test.each([
    ['true', true],
    ['a function', () => true],
    ['an async function', async () => true],
  ])('%s: yes', async (_, details) => {
    expect(await seen(details)).toEqual([true, true, true]);
  });

  test.each([
    ['nothing', undefined],
    ['false', false],
    [
      'a function that throws',
      () => {
        throw new Error('no');
      },
    ],
    ['one that rejects', () => Promise.reject(new Error('no'))],
    ['one that never answers', () => new Promise(() => {})],
    ['a user where true was expected', () => ({ name: 'eve' })],
    ['a promise of 1', async () => 1],
  ])('%s: no', async (_, details) => {
    expect(await seen(details)).toEqual([false, false, false]);
  });

  test('the function is given the request, once a probe', async () => {
    const details = vi.fn((request: Request) => request.headers.get('x-operator') === 'yes');
    const health = createHealth({ checks, details });
    const request = new Request(`${BASE}/readyz`, { headers: { 'x-operator': 'yes' } });
    expect(await (await health.fetch(request)).text()).toBe(
      '[-]bad failed: refused: this will fail\nreadyz check failed\n',
    );
    expect(details.mock.calls).toEqual([[request]]);
    await health.stop();
  });
});
