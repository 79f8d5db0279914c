import { describe, expect, it } from 'vitest';
import { createAlerts, heartbeat, spike } from '../../src/index.ts';
import { type AlertsViewOptions, alertsView, type ViewedAlerts } from '../../src/view/index.ts';
import { refusalOf } from '../refusal.ts';
import { alertOf, NOW_MS, STATUS, viewed } from './viewed.ts';

const clock = { now: () => NOW_MS };

function ask(
  path: string,
  {
    alerts = viewed(),
    init = {},
    ...options
  }: { alerts?: ViewedAlerts; init?: RequestInit } & Partial<AlertsViewOptions> = {},
): Promise<Response> {
  const view = alertsView(alerts, { authorize: () => true, clock, ...options });
  return view(new Request(`http://localhost${path}`, init));
}

describe('alertsView', () => {
  it('answers what fires now as HTML and as JSON', async () => {
    const page = await ask('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('142 errors in the last 1h, over 100');
    const json = await ask('/?format=json');
    expect(json.headers.get('content-type')).toBe('application/json');
    expect(await json.json()).toEqual({
      at: '2026-01-02T12:00:00.000Z',
      active: [alertOf()],
      silences: [],
      status: STATUS,
    });
  });

  it.each([
    ['application/json', 'json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'html'],
    ['*/*', 'html'],
    ['text/html;q=0.1, application/json', 'json'],
    ['text/*;q=0.5, application/json;q=0.4', 'html'],
    ['application/json;q=0', 'html'],
    ['', 'html'],
  ])('reads Accept: %s as %s', async (accept, format) => {
    const response = await ask('/', { init: { headers: { accept } } });
    expect(response.headers.get('content-type')).toContain(format);
  });

  it('is where basePath says, and nowhere else', async () => {
    const basePath = '/ops/alerts/';
    for (const path of ['/ops/alerts', '/ops/alerts/', '/ops/alerts/history']) {
      expect((await ask(path, { basePath })).status).toBe(200);
    }
    for (const path of ['/', '/ops', '/ops/alertsx', '/ops/alerts/x', '/history']) {
      expect((await ask(path, { basePath })).status).toBe(404);
    }
    expect(await (await ask('/ops/alerts', { basePath })).text()).toContain(
      'href="/ops/alerts/history"',
    );
  });

  it('answers HEAD as GET without a body, and 405 to others', async () => {
    const head = await ask('/', { init: { method: 'HEAD' } });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await ask('/', { init: { method } });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('shows nothing to whom authorize does not let in', async () => {
    const asking: [AlertsViewOptions['authorize'], number][] = [
      [() => false, 403],
      [() => 401, 401],
      [async () => false, 403],
      [(() => 'yes') as never, 403],
      [() => Promise.reject(new Error('s3cr3t')), 403],
      [
        () => {
          throw new Error('s3cr3t');
        },
        403,
      ],
      [() => new Response(null, { status: 302, headers: { location: '/login' } }), 302],
    ];
    for (const [authorize, status] of asking) {
      for (const path of ['/', '/history', '/?format=json']) {
        const response = await ask(path, { authorize });
        expect(response.status).toBe(status);
        expect(await response.text()).not.toMatch(/errors|s3cr3t/);
      }
    }
    const unknown = await ask('/', { authorize: () => 401 });
    expect(unknown.headers.get('www-authenticate')).toMatch(/^Basic /);
  });

  it('sends headers that keep everything out', async () => {
    for (const path of ['/', '/history']) {
      const { headers } = await ask(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|script-src/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('reloads when asked to, from 5 s to 1 h', async () => {
    for (const [asked, sent] of [
      ['30', '30'],
      ['1', '5'],
      ['99999', '3600'],
      ['x', null],
      ['-1', null],
    ]) {
      expect((await ask(`/?refresh=${asked}`)).headers.get('refresh')).toBe(sent);
    }
    expect((await ask('/?format=json&refresh=30')).headers.get('refresh')).toBeNull();
  });

  it('says so when the store cannot be reached', async () => {
    const lost = async (): Promise<never> => {
      throw new Error('connect ECONNREFUSED');
    };
    const alerts = viewed({ status: lost, history: lost });
    const page = await (await ask('/', { alerts })).text();
    expect(page).toContain('store of alerts cannot be reached');
    expect(page).toContain('142 errors');
    expect(await (await ask('/?format=json', { alerts })).json()).toMatchObject({ status: null });
    expect((await ask('/history', { alerts })).status).toBe(503);
  });

  it('names what is wrong with its options', () => {
    const refused = refusalOf(() =>
      alertsView(viewed(), { basePath: 'ops', authorise: true } as never),
    );
    expect(refused.message).toContain('authorize');
    expect(refused.message).toContain('authorise');
    expect(refused.message).toContain('basePath');
  });

  it('does not repeat a token that was given for authorize', () => {
    const refused = refusalOf(() =>
      alertsView(viewed(), { authorize: 'dashb0ard-pass', basePath: '/ops' } as never),
    );
    expect(refused.message).toContain('authorize');
    expect(refused.message).not.toContain('dashb0ard');
  });
});

describe('history', () => {
  const past = Array.from({ length: 23 }, (_, index) =>
    // Groups of four begin in the same millisecond.
    alertOf({
      id: `a-${index}`,
      state: 'ok',
      startedAt: new Date(NOW_MS - Math.floor(index / 4) * 60_000).toISOString(),
      endedAt: new Date(NOW_MS).toISOString(),
    }),
  );

  it('pages through all, each once, also those that began together', async () => {
    for (const limit of [1, 3, 5, 7, 23]) {
      const seen: string[] = [];
      let path: string | null = `/history?format=json&limit=${limit}&days=30`;
      while (path !== null) {
        const response: Response = await ask(path, { alerts: viewed({}, past) });
        const { alerts, next } = (await response.json()) as {
          alerts: { id: string }[];
          next: string | null;
        };
        expect(alerts.length).toBeLessThanOrEqual(limit);
        seen.push(...alerts.map(({ id }) => id));
        path = next === null ? null : `/history?format=json&${next}`;
      }
      expect(seen).toEqual(past.map(({ id }) => id));
    }
  });

  it('shows a new alert on the first page alone', async () => {
    const first = await (
      await ask('/history?format=json&limit=6', { alerts: viewed({}, past) })
    ).json();
    const more = [alertOf({ id: 'new', startedAt: new Date(NOW_MS + 1).toISOString() }), ...past];
    const { next } = first as { next: string };
    const second = await (
      await ask(`/history?format=json&${next}`, { alerts: viewed({}, more) })
    ).json();
    expect((second as { alerts: { id: string }[] }).alerts.map(({ id }) => id)).toEqual(
      past.slice(6, 12).map(({ id }) => id),
    );
  });

  it('links to older ones in HTML, and filters by rule and days', async () => {
    const page = await (await ask('/history?limit=5', { alerts: viewed({}, past) })).text();
    expect(page).toContain('rel="next"');
    expect(page).toContain('Alerts of the last 7 days');
    const none = await (await ask('/history?rule=x', { alerts: viewed({}, past) })).text();
    expect(none).toContain('No alert of x in this time');
    const old = [
      alertOf({ state: 'ok', endedAt: new Date(NOW_MS - 2 * 86_400_000).toISOString() }),
    ];
    const day = await (await ask('/history?days=1', { alerts: viewed({}, old) })).text();
    expect(day).toContain('No alert in this time');
  });

  it('takes nonsense in the query for nothing', async () => {
    for (const query of [
      'days=-1',
      'limit=1e9',
      'limit=0',
      'before=yesterday',
      'skip=x',
      `rule=${'r'.repeat(5_000)}`,
    ]) {
      const response = await ask(`/history?format=json&${query}`, { alerts: viewed({}, past) });
      const { alerts } = (await response.json()) as { alerts: unknown[] };
      expect(alerts).toHaveLength(23);
    }
  });
});

describe('with alerts as they are', () => {
  it('shows an alert, its errors and its channel, and filters the past by a rule that is there', async () => {
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { ops: { kind: 'double', send: async () => {} } },
      rules: { errorSpike: spike({ over: 1, within: '1h' }), nightly: heartbeat({ every: '1h' }) },
      routes: [{ to: ['ops'] }],
    });
    const view = alertsView(alerts, { authorize: () => true });
    const read = async (path: string): Promise<string> =>
      (await view(new Request(`http://localhost${path}`))).text();
    for (const id of [1, 2])
      alerts.error(new Error(`Order ${id} <b>failed</b>`), { route: '/pay' });
    await alerts.flush();
    const page = await read('/');
    expect(page).toContain(
      '2 × Error: Order # &lt;b&gt;failed&lt;/b&gt; <span class="quiet">(/pay)</span>',
    );
    expect(page).toContain('Rules (1 without data)');
    expect(page).toContain('working');
    expect(await read('/history?rule=errorSpike')).toContain('Firing, medium');
    const unknown = await view(new Request('http://localhost/history?rule=errorSpook'));
    expect(unknown.status).toBe(404);
    await alerts.close();
    // What was last known is shown; what the store alone knows is not.
    expect((await view(new Request('http://localhost/history'))).status).toBe(503);
    expect(await read('/')).toContain('store of alerts cannot be reached');
  });
});
