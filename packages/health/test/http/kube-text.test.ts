import { describe, expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const BASE = 'http://localhost';
const failing = () => {
  throw new CheckFailedError('refused', 'this will fail');
};

describe("kube-apiserver's table", () => {
  // The eleven rows of its own test, with its names for the checks.
  const warning = 'warn: some health checks cannot be excluded: no matches for "dontexist"\n';
  const withheld = '[+]ping ok\n[-]bad failed: reason withheld\n';
  const rows = [
    ['?verbose', [], 200, '[+]ping ok\nPAGE check passed\n'],
    ['?exclude=dontexist', [], 200, 'ok'],
    ['?exclude=bad', ['bad'], 200, 'ok'],
    [
      '?verbose=true&exclude=bad',
      ['bad'],
      200,
      '[+]ping ok\n[+]bad excluded: ok\nPAGE check passed\n',
    ],
    ['?verbose=true&exclude=dontexist', [], 200, `[+]ping ok\n${warning}PAGE check passed\n`],
    ['/ping', [], 200, 'ok'],
    ['', [], 200, 'ok'],
    ['?verbose', ['bad'], 500, `${withheld}PAGE check failed\n`],
    ['/ping', ['bad'], 200, 'ok'],
    // Theirs gives the reason here, to everybody.
    ['/bad', ['bad'], 500, 'internal server error: reason withheld\n'],
    ['', ['bad'], 500, `${withheld}PAGE check failed\n`],
    // What its code says and its test does not.
    ['?verbose=false', [], 200, '[+]ping ok\nPAGE check passed\n'],
    [
      '?exclude=z&exclude=a%22b&exclude=bad&verbose',
      ['bad'],
      200,
      '[+]ping ok\n[+]bad excluded: ok\nwarn: some health checks cannot be excluded: no matches for "a\\"b","z"\nPAGE check passed\n',
    ],
    [
      '?exclude=a,b',
      ['bad'],
      500,
      `${withheld}warn: some health checks cannot be excluded: no matches for "a,b"\nPAGE check failed\n`,
    ],
  ] as const;
  const cases = ['healthz', 'readyz', 'livez', 'startupz'].flatMap((page) =>
    rows.map(([rest, bad, status, body]) => ({ page, rest, bad, status, body })),
  );

  test.each(cases)('/$page$rest with $bad → $status', async ({ page, rest, bad, status, body }) => {
    const names = ['ping' as const, ...bad];
    const health = createHealth({
      preset: 'kubernetes',
      checks: { ping: () => {}, ...(bad.length > 0 && { bad: failing }) } as {
        ping: () => void;
        bad: () => void;
      },
      groups: { live: names, startup: names },
    });
    // Of `live`, what has not run yet passes.
    await health.check();
    for (const method of ['GET', 'HEAD']) {
      const response = await health.fetch(new Request(`${BASE}/${page}${rest}`, { method }));
      const shown = method === 'GET' ? body.replace('PAGE', page) : '';
      expect([response.status, await response.text()]).toEqual([status, shown]);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
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

test('of a latched startup nothing fails, and nothing is run', async () => {
  const clock = manualClock();
  let isDown = false;
  const run = vi.fn(() => (isDown ? failing() : undefined));
  const health = createHealth({ checks: { one: run }, groups: { startup: ['one'] }, clock });
  const body = async (path: string) => (await health.fetch(new Request(BASE + path))).text();
  expect(await body('/startupz')).toBe('ok');
  isDown = true;
  await clock.advance(60_000);
  expect(await body('/startupz?verbose')).toBe('[+]one ok\nstartupz check passed\n');
  expect(await body('/startupz/one')).toBe('ok');
  expect(run).toHaveBeenCalledTimes(1);
  await health.stop();
});

test('fatal is a line of its own, and withdrawing readiness after it another', async () => {
  const health = createHealth({ checks: { one: () => {} }, details: true, clock: manualClock() });
  const body = async (path: string) => (await health.fetch(new Request(BASE + path))).text();
  await health.check();
  health.fatal('broken, token=abc');
  const fatal = '[-]fatal failed: fatal: broken, token=[redacted]\n';
  expect(await body('/livez')).toBe(`[+]ping ok\n${fatal}livez check failed\n`);
  expect(await body('/readyz')).toBe(`[+]one ok\n${fatal}readyz check failed\n`);
  void health.drain();
  expect(await body('/readyz')).toBe(
    `[+]one ok\n${fatal}[-]shutdown failed: shutting_down\nreadyz check failed\n`,
  );
  expect(await body('/readyz?exclude=fatal&exclude=shutdown')).toBe('ok');
  await health.stop();
});
