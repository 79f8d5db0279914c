import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';
import { outline } from './outline.ts';

const MINUTE = 60_000;

interface Get {
  fetch(request: Request): Promise<Response>;
}
const get = (health: Get, path = '/health/ui') =>
  health.fetch(new Request(`http://localhost${path}`));
const page = async (health: Get) => outline(await (await get(health)).text());

/** Two that pass, one that warns, and one that fails since the tenth minute. */
function service(details: boolean) {
  const clock = manualClock();
  let isDown = false;
  const health = createHealth({
    service: { id: 'billing', version: '1', releaseId: 'abc', description: 'Invoices & more' },
    defaults: { ttl: '1m', maxStale: '30m' },
    checks: {
      first: () => {},
      queue: () => [
        { measurement: 'waiting', value: 7, unit: 'jobs', status: 'warn', message: 'many wait' },
        {
          measurement: 'oldest',
          value: 'a <b>',
          findings: [
            { name: 'old', level: 'warn', object: 'job-1', detail: 'old', remediation: 'run it' },
          ],
        },
      ],
      database: () => {
        if (isDown) throw new CheckFailedError('refused', 'connect ECONNREFUSED db-1');
      },
      last: () => {},
    },
    groups: { ready: ['database'], live: ['first'], reports: ['queue'] },
    details,
    clock,
  });
  const run = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await health.check();
      await clock.advance(MINUTE);
    }
  };
  const fail = () => {
    isDown = true;
  };
  return { health, run, fail, clock };
}

test('landmarks, headings, and the unhealthy first', async () => {
  const { health, run, fail } = service(false);
  await run(10);
  fail();
  await run(5);
  const elements = await page(health);
  const texts = (name: string) =>
    elements.filter((element) => element.name === name).map(({ text }) => text);
  expect(texts('title')).toEqual(['Unhealthy: billing']);
  expect(texts('h1')).toEqual(['billing']);
  expect(texts('h2')).toEqual(['Groups', 'Checks']);
  expect(texts('h3')).toEqual(['database', 'queue', 'first', 'last']);
  for (const name of ['header', 'main', 'footer']) expect(texts(name)).toHaveLength(1);
  expect(elements[0]).toMatchObject({ name: 'html', attributes: { lang: 'en' } });
  const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
  const labels = elements.flatMap(({ attributes }) => attributes['aria-labelledby'] ?? []);
  expect(labels).toEqual(ids);
  expect(texts('header')[0]).toContain('Invoices & more');
  expect(texts('header')[0]).toMatch(/Unhealthy\s+1 failing, 1 with a warning, 2 passing/);

  const items = elements.filter(({ name, attributes }) => name === 'li' && attributes['class']);
  expect(items.slice(0, 4).map(({ text }) => text.replaceAll(/\s+/g, ' ').trim())).toEqual([
    'live passing',
    'ready failingrefused',
    'startup passing',
    'reports warningthreshold',
  ]);
  expect(items[4]?.text).toContain(
    'failing for 5 min, since 2026-01-01 00:10 UTC; last run took 0 ms',
  );
  await health.stop();
});

test('a status is told by words and by shape, not by colour alone', async () => {
  const { health, run, fail } = service(false);
  fail();
  await run(1);
  const elements = await page(health);
  const shapes = new Map<string, string>();
  for (const [at, { attributes, text }] of elements.entries()) {
    if (attributes['class'] !== 'state') continue;
    const drawn = elements[at + 2]?.attributes['d'] ?? '';
    expect(elements[at + 1]?.attributes['aria-hidden']).toBe('true');
    const word = text.replace(/^Unhealthy$/, 'failing');
    expect(shapes.get(word) ?? drawn).toBe(drawn);
    shapes.set(word, drawn);
  }
  expect([...shapes.keys()].toSorted()).toEqual(['failing', 'passing', 'warning']);
  expect(new Set(shapes.values()).size).toBe(3);
  await health.stop();
});

test('the timeline is drawn to scale, and told in words', async () => {
  const { health, run, fail, clock } = service(false);
  await run(60);
  fail();
  await run(30);
  await health.check();
  const elements = await page(health);
  const at = elements.findIndex(({ attributes }) => attributes['role'] === 'img');
  expect(elements[at]?.attributes['aria-label']).toBe(
    'database, last 24 hours: failing 30 min, passing 1 h, no data 22 h 30 min',
  );
  const bars = elements.slice(at + 1, at + 3).map(({ attributes }) => attributes);
  expect(bars).toEqual([
    { class: 'pass', x: '90', y: '18', width: '4', height: '6' },
    { class: 'fail', x: '94', y: '0', width: '2', height: '24' },
  ]);
  const list = elements.find(({ name }) => name === 'ol');
  expect(list?.text).toBe(
    '2026-01-01 01:00 to now: failing, refused2026-01-01 00:00 to 2026-01-01 01:00: passing',
  );
  await clock.advance(25 * 60 * MINUTE);
  expect(
    (await page(health)).every(
      ({ attributes }) =>
        attributes['class'] !== 'pass' ||
        attributes['x'] === undefined ||
        attributes['width'] === '1',
    ),
  ).toBe(true);
  await health.stop();
});

/** Of any kind, but for half surrogate pairs, which no response can carry. */
const character = fc
  .integer({ min: 1, max: 0x1_ff_ff })
  .map((point) => (point >= 0xd8_00 && point <= 0xdf_ff ? '<' : String.fromCodePoint(point)));

describe('what is said by a check', () => {
  test.each([false, true])('is shown to authorised readers only: %s', async (details) => {
    const { health, run, fail } = service(details);
    fail();
    await run(1);
    const text = (await page(health))[0]?.text ?? '';
    for (const said of ['ECONNREFUSED', 'many wait', '7 jobs', 'job-1', 'run it', 'a <b>']) {
      expect(text.includes(said)).toBe(details);
    }
    await health.stop();
  });

  test('cannot become markup, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: character, maxLength: 60 }), async (text) => {
        const evil = `</p><script>'"&amp;${text}`;
        await using health = createHealth({
          service: { id: evil, version: evil, releaseId: evil, description: evil },
          checks: {
            [`<b>"'&`]: () => [{ value: evil, unit: '<i>', status: 'fail', message: evil }],
          },
          groups: { '<u>"': ['<b>"\'&'] },
          details: true,
        });
        const elements = await page(health);
        expect(elements.map(({ name }) => name)).not.toContain('script');
        expect(elements.find(({ name }) => name === 'h3')?.text).toBe(`<b>"'&`);
        expect(elements.find(({ name }) => name === 'h1')?.text).toBe(evil);
      }),
      { numRuns: 20 },
    );
  });
});

test('nothing is loaded from anywhere, and nothing runs', async () => {
  const { health, run } = service(true);
  await run(2);
  const response = await get(health);
  const body = await response.text();
  const csp = response.headers.get('content-security-policy') ?? '';
  expect(csp).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+='; /);
  expect(body).not.toMatch(/<(?:script|link|img|iframe|form|object)|\s(?:style|src|on\w+)=/);
  const hrefs = outline(body).flatMap(({ attributes }) => attributes['href'] ?? []);
  expect(hrefs).toEqual(['?', '?refresh=30', '?refresh=300']);
  await health.stop();
});

test.each([
  ['?refresh=30', '30'],
  ['?refresh=1', '5'],
  ['?refresh=999999', '3600'],
  ['?refresh=1234567', null],
  ['?refresh=0', '5'],
  ['?refresh=-1', null],
  ['?refresh=30;url=https://evil.example/', null],
  ['?refresh=', null],
  ['', null],
])('%s: reloads after %s', async (query, seconds) => {
  await using health = createHealth({ checks: {} });
  for (const path of ['/health/ui', '/health']) {
    const response = await health.fetch(
      new Request(`http://localhost${path}${query}`, { headers: { accept: 'text/html' } }),
    );
    expect(response.headers.get('refresh')).toBe(seconds);
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
  const json = await health.fetch(new Request(`http://localhost/health${query}`));
  expect(json.headers.has('refresh')).toBe(false);
});

test('while draining, after fatal, and without checks', async () => {
  const header = async (health: Get) =>
    (await page(health)).find(({ name }) => name === 'header')?.text;
  await using draining = createHealth({ checks: { one: () => {} }, clock: manualClock() });
  void draining.drain();
  expect(await header(draining)).toContain('Shutting down');
  expect((await get(draining)).status).toBe(503);
  const broken = (details: boolean) => {
    const health = createHealth({ checks: { one: () => {} }, details });
    health.fatal('pool is broken');
    return health;
  };
  await using open = broken(true);
  await using closed = broken(false);
  expect(await header(open)).toContain('pool is broken');
  expect(await header(closed)).not.toContain('pool is broken');
  expect(await header(closed)).toContain('Only a restart will help');
  await using empty = createHealth({ checks: {} });
  expect((await page(empty))[0]?.text).toContain('There are none.');
});
