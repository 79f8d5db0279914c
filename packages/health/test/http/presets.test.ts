import { describe, expect, test } from 'vitest';
import { type Checks, createHealth, type Preset, type StatusCodes } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const failing = () => {
  throw new Error('down');
};
const OUTCOMES = {
  pass: { one: () => {} },
  warn: { one: { run: failing, critical: false } },
  fail: { one: failing },
} as const;

/** HTTP statuses of /health and /readyz for pass, warn and fail. */
async function codes(options: { preset?: Preset; statusCodes?: StatusCodes }) {
  const rows = Object.values<Checks>(OUTCOMES).map(async (checks) => {
    await using health = createHealth({ checks, ...options });
    const status = async (path: string) =>
      (await health.fetch(new Request(`http://localhost${path}`))).status;
    return [await status('/health'), await status('/readyz')];
  });
  return (await Promise.all(rows)).flat();
}

test.each<[Parameters<typeof codes>[0], number[]]>([
  [{}, [200, 200, 200, 200, 503, 503]],
  [{ preset: 'kubernetes' }, [200, 200, 200, 200, 503, 500]],
  [{ preset: 'consul' }, [200, 200, 429, 429, 503, 503]],
  [{ preset: 'microprofile' }, [200, 200, 200, 200, 503, 503]],
  [{ statusCodes: { warn: 207 } }, [200, 200, 207, 207, 503, 503]],
  [{ preset: 'consul', statusCodes: { pass: 202, fail: 599 } }, [202, 202, 429, 429, 599, 599]],
  [{ preset: 'kubernetes', statusCodes: { fail: 418 } }, [200, 200, 200, 200, 418, 418]],
])('%o', async (options, expected) => {
  expect(await codes(options)).toEqual(expected);
});

test.each([
  [{ pass: 503 }, 'statusCodes.pass'],
  [{ pass: 204 }, 'statusCodes.pass'],
  [{ pass: 304 }, 'statusCodes.pass'],
  [{ warn: 304 }, 'statusCodes.warn'],
  [{ warn: 302 }, 'statusCodes.warn'],
  [{ fail: 200 }, 'statusCodes.fail'],
  [{ fail: 600 }, 'statusCodes.fail'],
  [{ fail: 503.5 }, 'statusCodes.fail'],
  [{ down: 503 }, 'statusCodes.down'],
])('%o is refused', (statusCodes, fault) => {
  const given = statusCodes as StatusCodes;
  expect(() => createHealth({ checks: {}, statusCodes: given })).toThrow(fault);
});

test('a warning told as 429 is kept by nobody', async () => {
  await using health = createHealth({ preset: 'consul', checks: OUTCOMES.warn });
  const ask = () =>
    health.fetch(new Request('http://localhost/health', { headers: { 'if-none-match': '*' } }));
  const response = await ask();
  expect([response.status, response.headers.get('cache-control')]).toEqual([429, 'no-store']);
});

describe('microprofile', () => {
  const ask = async (
    health: { fetch(request: Request): Promise<Response> },
    path: string,
    accept = '*/*',
  ) => {
    const response = await health.fetch(
      new Request(`http://localhost${path}`, { headers: { accept } }),
    );
    return [response.status, response.headers.get('content-type'), await response.json()];
  };

  test('UP and DOWN, and nothing else at the root', async () => {
    const checks = { fine: () => {}, odd: OUTCOMES.warn.one, bad: failing };
    const groups = { live: ['fine'], startup: ['odd'] } as const;
    await using health = createHealth({ preset: 'microprofile', checks, groups });
    const json = 'application/json';
    const fine = { name: 'fine', status: 'UP' };
    const odd = { name: 'odd', status: 'UP', data: { code: 'error' } };
    const bad = { name: 'bad', status: 'DOWN', data: { code: 'error' } };
    await health.check();
    const down = [503, json, { status: 'DOWN', checks: [fine, odd, bad] }];
    expect(await ask(health, '/health')).toEqual(down);
    expect(await ask(health, '/health/ready')).toEqual(down);
    expect(await ask(health, '/health/live')).toEqual([
      200,
      json,
      { status: 'UP', checks: [fine] },
    ]);
    // Started once and for all, so without its warning.
    const started = { status: 'UP', checks: [{ name: 'odd', status: 'UP' }] };
    expect(await ask(health, '/health/started')).toEqual([200, json, started]);
    const [status, type, body] = await ask(health, '/health/ready', 'application/health+json');
    expect([status, type]).toEqual([503, 'application/health+json']);
    expect(body).toMatchObject({ status: 'fail' });
  });

  test('without a procedure it is UP, with no checks', async () => {
    await using health = createHealth({ preset: 'microprofile', checks: {} });
    for (const path of ['/health', '/health/live', '/health/ready', '/health/started']) {
      expect(await ask(health, path)).toEqual([
        200,
        'application/json',
        { status: 'UP', checks: [] },
      ]);
    }
  });

  test('before the first result live is UP, ready and started are not', async () => {
    const checks = { one: { run: () => {}, every: '10s', initialDelay: '1s' } } as const;
    const groups = { live: ['one'], startup: ['one'] } as const;
    const clock = manualClock();
    await using health = createHealth({ preset: 'microprofile', checks, groups, clock });
    const statuses = async () =>
      Promise.all(
        ['live', 'ready', 'started'].map(async (path) => (await ask(health, `/health/${path}`))[0]),
      );
    expect(await statuses()).toEqual([200, 503, 503]);
    await clock.advance(1_100);
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test('while draining something is DOWN, and data are plain values', async () => {
    const clock = manualClock();
    const checks = {
      one: () => [{ measurement: 'utilization', value: 0.5 }, { value: 'primary' }],
    };
    await using health = createHealth({ preset: 'microprofile', checks, details: true, clock });
    const time = '2026-01-01T00:00:00.000Z';
    const one = {
      name: 'one',
      status: 'UP',
      data: { utilization: 0.5, value: 'primary', time, durationMs: 0 },
    };
    expect((await ask(health, '/health/ready'))[2]).toEqual({ status: 'UP', checks: [one] });
    void health.drain();
    expect((await ask(health, '/health/ready'))[2]).toEqual({
      status: 'DOWN',
      checks: [one, { name: 'shutdown', status: 'DOWN', data: { code: 'shutting_down' } }],
    });
  });
});
