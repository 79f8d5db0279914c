import { describe, expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const BASE = 'http://localhost';
const failing = () => {
  throw new CheckFailedError('refused', 'this will fail');
};

describe('every status × path × format × method', () => {
  const outcomes = {
    pass: { one: () => {} },
    warn: { one: { run: failing, critical: false } },
    fail: { one: failing },
  };
  const HEALTH_JSON = 'application/health+json';
  const formats: Record<string, Record<string, string>> = {
    '/health': {
      '*/*': HEALTH_JSON,
      'application/json': 'application/json',
      'text/plain': 'text/plain; charset=utf-8',
      'text/html,application/xhtml+xml,*/*;q=0.8': 'text/html; charset=utf-8',
      'image/png': HEALTH_JSON,
    },
    '/health/ui': { 'application/json': 'text/html; charset=utf-8' },
    '/readyz': {
      '*/*': 'text/plain; charset=utf-8',
      'application/json': 'application/json',
      [HEALTH_JSON]: HEALTH_JSON,
      'text/html': 'text/plain; charset=utf-8',
    },
    '/readyz?verbose': { 'application/*': HEALTH_JSON, 'text/*': 'text/plain; charset=utf-8' },
    '/readyz/one': { '*/*': 'text/plain; charset=utf-8', 'application/json': 'application/json' },
    '/healthz': { '': 'text/plain; charset=utf-8' },
  };
  const cases = Object.keys(outcomes).flatMap((status) =>
    [false, true].flatMap((details) =>
      Object.entries(formats).flatMap(([path, types]) =>
        Object.entries(types).map(([accept, type]) => ({ status, details, path, accept, type })),
      ),
    ),
  );

  test.each(cases)('$status $path as $accept, details $details', async (row) => {
    const { status, details, path, accept, type } = row;
    const checks = outcomes[status as keyof typeof outcomes];
    await using health = createHealth({ checks, details });
    const ask = (method: string, headers: Record<string, string> = {}) =>
      health.fetch(new Request(BASE + path, { method, headers: { accept, ...headers } }));
    const get = await ask('GET');
    const body = await get.text();
    expect(get.status).toBe(status === 'fail' ? 503 : 200);
    expect(get.headers.get('content-type')).toBe(type);
    expect(get.headers.get('content-length')).toBe(String(Buffer.byteLength(body)));
    expect(get.headers.get('x-content-type-options')).toBe('nosniff');
    expect(get.headers.get('vary')).toBe(path === '/health/ui' ? null : 'accept');
    expect(type.endsWith('json') ? JSON.parse(body) : { status }).toMatchObject({ status });
    expect(body.includes('this will fail')).toBe(
      details && status !== 'pass' && (status === 'fail' || !type.startsWith('text/plain')),
    );

    const isKept = path === '/health' && status !== 'fail' && !(details || type.includes('html'));
    // Of a text that says nothing but ok, all there is to see is shown to all.
    const isOk = path === '/health' && status !== 'fail' && type.startsWith('text/plain');
    expect(get.headers.has('etag')).toBe(isKept || isOk);
    expect(get.headers.get('cache-control')).toMatch(isKept || isOk ? /max-age=5$/ : /^no-store$/);

    const head = await ask('HEAD');
    expect([...head.headers]).toEqual([...get.headers]);
    expect([head.status, await head.text()]).toEqual([get.status, '']);

    for (const method of ['GET', 'HEAD']) {
      const conditional = await ask(method, {
        'if-none-match': '*',
        'if-modified-since': new Date().toUTCString(),
      });
      expect(conditional.status).toBe(isKept || isOk ? 304 : get.status);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const refused = await ask(method, { 'if-none-match': '*' });
      expect(refused.status).toBe(405);
      expect(refused.headers.get('allow')).toBe('GET, HEAD');
    }
  });
});

describe('paths', () => {
  test.each([
    '/',
    '/healt',
    '/health/',
    '/health/one',
    '/health/live',
    '/health/ui/',
    '/health/metrics/x',
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
