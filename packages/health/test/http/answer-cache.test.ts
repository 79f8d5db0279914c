import { expect, test } from 'vitest';
import { CheckFailedError, createHealth, type Outcome } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const HEALTH = 'http://localhost/health';

/** A service with one check that does as it is told. */
function service(details: boolean | ((request: Request) => boolean) = false) {
  const clock = manualClock();
  const told = { run: (): Outcome => undefined };
  const checks = { one: { run: () => told.run(), every: '10s', jitter: 0 } } as const;
  const health = createHealth({ checks, details, clock });
  const get = (headers: Record<string, string> = {}, path = '') =>
    health.fetch(new Request(HEALTH + path, { headers }));
  return { health, clock, told, get };
}

test('while it does not fail, a tag is good until a status or a code changes', async () => {
  const { health, clock, told, get } = service();
  const first = await get();
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]{43}"$/);
  expect(first.headers.get('cache-control')).toBe('max-age=10');
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await get({ 'if-none-match': known });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(tag);
    expect(again.headers.get('vary')).toBe('accept');
    expect(again.headers.has('content-length')).toBe(false);
  }
  for (const other of ['"other"', tag.slice(1, -1), '']) {
    expect((await get({ 'if-none-match': other })).status).toBe(200);
  }
  await clock.advance(60_000);
  expect((await get({ 'if-none-match': tag })).status).toBe(304);

  told.run = () => ({ status: 'warn' });
  await clock.advance(10_000);
  const warned = await get({ 'if-none-match': tag });
  expect(warned.status).toBe(200);
  expect(warned.headers.get('etag')).not.toBe(tag);

  told.run = () => ({ status: 'fail' });
  await clock.advance(10_000);
  const failed = await get({ 'if-none-match': `${tag}, *` });
  expect([failed.status, failed.headers.get('cache-control')]).toEqual([503, 'no-store']);
  expect(failed.headers.has('etag')).toBe(false);

  told.run = () => undefined;
  await clock.advance(10_000);
  expect((await get({ 'if-none-match': tag })).status).toBe(304);
  await health.stop();
});

test('another representation has another tag', async () => {
  const { health, get } = service();
  const types = ['application/health+json', 'application/json', 'text/plain'];
  const tags = await Promise.all(
    types.map(async (accept) => (await get({ accept })).headers.get('etag')),
  );
  expect(new Set(tags).size).toBe(3);
  await health.stop();
});

test('the page at two paths is kept for each: one of them depends on what is accepted', async () => {
  const { health, get } = service();
  const html = { accept: 'text/html' };
  for (let round = 0; round < 2; round += 1) {
    expect((await get(html, '/ui')).headers.get('vary')).toBe(null);
    expect((await get(html)).headers.get('vary')).toBe('accept');
  }
  await health.stop();
});

test('what one reader may see is kept for no other', async () => {
  const { health, told, get } = service((request) => request.headers.get('x-who') === 'operator');
  told.run = () => ({ status: 'warn', message: 'nearly full', value: 97 });
  const operator = { 'x-who': 'operator' };
  for (let round = 0; round < 2; round += 1) {
    const open = await get();
    const closed = await get(operator);
    expect(open.headers.get('cache-control')).toBe('private, max-age=10');
    expect(closed.headers.get('cache-control')).toBe('no-store');
    expect(closed.headers.has('etag')).toBe(false);
    expect(await open.text()).not.toContain('nearly full');
    expect(await closed.text()).toContain('nearly full');
    for (const path of ['/ui', '/ui?refresh=30']) {
      expect(await (await get({}, path)).text()).not.toContain('nearly full');
      expect(await (await get(operator, path)).text()).toContain('nearly full');
    }
  }
  await health.stop();
});

test('details are as new as the results', async () => {
  const { health, clock, told, get } = service(true);
  let value = 0;
  told.run = () => ({ value: (value += 1) });
  const seen = async () => {
    const { checks } = (await (await get()).json()) as { checks: { one: object[] } };
    return checks.one[0];
  };
  expect(await seen()).toMatchObject({ observedValue: 1 });
  await clock.advance(10_000);
  expect(await seen()).toMatchObject({ observedValue: 2, time: '2026-01-01T00:00:10.000Z' });
  await health.stop();
});

test('a schedule that has died is seen, though nothing happens', async () => {
  const clock = manualClock();
  let isDead = false;
  const health = createHealth({
    checks: { one: { run: () => {}, every: '10s', jitter: 0 } },
    clock: { ...clock, setTimeout: (...args) => (isDead ? 0 : clock.setTimeout(...args)) },
  });
  const status = async () => (await health.fetch(new Request(HEALTH))).status;
  expect(await status()).toBe(200);
  isDead = true;
  await clock.advance(31_000);
  expect(await status()).toBe(200);
  await clock.advance(11_000);
  expect(await status()).toBe(503);
  await health.stop();
});

test('excluding changes nothing for others, whatever the format', async () => {
  const health = createHealth({
    checks: {
      fine: () => {},
      bad: () => {
        throw new CheckFailedError('refused', 'no');
      },
    },
  });
  const seen = async (path: string, accept: string) => {
    const response = await health.fetch(
      new Request(`http://localhost${path}`, { headers: { accept } }),
    );
    return [response.status, await response.text()] as const;
  };
  for (const accept of ['application/json', 'text/plain', 'text/html']) {
    for (const path of ['/readyz', '/health']) {
      const [status, before] = await seen(path, accept);
      expect(status).toBe(503);
      const [without] = await seen(`${path}?exclude=bad`, accept);
      expect(without).toBe(200);
      expect(await seen(path, accept)).toEqual([503, before]);
    }
  }
  const [, body] = await seen('/readyz?exclude=bad', 'application/json');
  expect(JSON.parse(body)).toEqual({
    status: 'pass',
    checks: { fine: [{ componentType: 'component', status: 'pass' }] },
  });
  expect(await seen('/readyz/bad', 'application/json')).toEqual([
    503,
    '{"status":"fail","checks":{"bad":[{"componentType":"component","status":"fail","output":"refused"}]}}',
  ]);
  await health.stop();
});
