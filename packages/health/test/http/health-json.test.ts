import { describe, expect, test } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const request = new Request('http://localhost/health');

function service(details: boolean, clock = manualClock()) {
  let attemptCount = 0;
  return createHealth({
    service: { id: 'billing', version: '1', releaseId: 'abc123', description: undefined },
    checks: {
      database: { run: () => {}, kind: 'datastore' },
      queue: () => ({ status: 'warn', value: (attemptCount += 1), unit: 'jobs' }),
      shopify: {
        run: () => {
          throw Object.assign(new Error(`no answer, try ${attemptCount}`), { code: 'ETIMEDOUT' });
        },
        critical: false,
      },
    },
    details,
    clock,
  });
}

test('the public body has names, statuses and codes, and no more', async () => {
  await using health = service(false);
  const response = await health.fetch(request);
  expect(response.headers.get('content-type')).toBe('application/health+json');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: 'warn',
    version: '1',
    releaseId: 'abc123',
    serviceId: 'billing',
    checks: {
      database: [{ componentType: 'datastore', status: 'pass' }],
      queue: [{ componentType: 'component', status: 'warn', output: 'threshold' }],
      shopify: [{ componentType: 'component', status: 'warn', output: 'timeout' }],
    },
  });
});

test('the public body stays the same, byte for byte, while statuses and codes do', async () => {
  const clock = manualClock();
  await using health = service(false, clock);
  const first = await (await health.fetch(request)).text();
  await clock.advance(60_000);
  expect(await (await health.fetch(request)).text()).toBe(first);
  expect(health.report().checks.queue.value).toBe(2);
});

test('the detailed body adds times, values and messages', async () => {
  await using health = service(true);
  const time = '2026-01-01T00:00:00.000Z';
  expect(await (await health.fetch(request)).json()).toMatchObject({
    checks: {
      database: [{ componentType: 'datastore', status: 'pass', time, durationMs: 0 }],
      queue: [
        { status: 'warn', observedValue: 1, observedUnit: 'jobs', output: 'threshold', time },
      ],
      shopify: [{ status: 'warn', output: 'timeout: no answer, try 1', time }],
    },
  });
});

test('each measurement has an entry of its own for those who see details', async () => {
  const measurements = [
    { measurement: 'connections', value: 97, status: 'fail' as const, message: 'nearly all' },
    { measurement: 'responseTime', value: 3, unit: 'ms' },
    { value: 'primary' },
  ];
  const checks = { pool: { run: () => measurements, critical: false, kind: 'datastore' } } as const;
  await using open = createHealth({ checks, details: true, clock: manualClock() });
  const { checks: shown } = (await (await open.fetch(request)).json()) as { checks: object };
  const common = { componentType: 'datastore', time: '2026-01-01T00:00:00.000Z', durationMs: 0 };
  expect(shown).toEqual({
    // Not critical: no worse than a warning.
    'pool:connections': [
      { ...common, status: 'warn', observedValue: 97, output: 'error: nearly all' },
    ],
    'pool:responseTime': [{ ...common, status: 'pass', observedValue: 3, observedUnit: 'ms' }],
    pool: [{ ...common, status: 'pass', observedValue: 'primary' }],
  });
  await using closed = createHealth({ checks });
  expect(await (await closed.fetch(request)).json()).toEqual({
    status: 'warn',
    checks: { pool: [{ componentType: 'datastore', status: 'warn', output: 'error' }] },
  });
});

test('affected endpoints are told while it does not pass, the instance always', async () => {
  let isDown = true;
  const clock = manualClock();
  await using health = createHealth({
    checks: {
      database: {
        run: () => (isDown ? { status: 'fail' } : undefined),
        affects: ['/orders/{id}', '/orders{?page}'],
        id: 'db-1',
      },
    },
    clock,
  });
  const database = async () => {
    await health.check();
    const { checks } = (await (await health.fetch(request)).json()) as { checks: object };
    return checks;
  };
  expect(await database()).toEqual({
    database: [
      {
        componentId: 'db-1',
        componentType: 'component',
        status: 'fail',
        affectedEndpoints: ['/orders/{id}', '/orders{?page}'],
        output: 'error',
      },
    ],
  });
  isDown = false;
  await clock.advance(5_000);
  expect(await database()).toEqual({
    database: [{ componentId: 'db-1', componentType: 'component', status: 'pass' }],
  });
});

test('while draining the root says why it fails', async () => {
  await using health = service(false);
  await health.check();
  void health.drain();
  const response = await health.fetch(request);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ status: 'fail', output: 'shutting_down' });
});

describe("the draft's musts", () => {
  const outcomes = {
    pass: () => {},
    warn: () => ({ status: 'warn' as const }),
    fail: () => ({ status: 'fail' as const }),
  };
  test.each(
    Object.entries(outcomes).flatMap(([status, run]) =>
      [false, true].map((details) => ({ status, run, details })),
    ),
  )('$status, details $details', async ({ status, run, details }) => {
    await using health = createHealth({ checks: { one: run }, details });
    const response = await health.fetch(request);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body['status']).toBe(status);
    expect(response.status < 400).toBe(status !== 'fail');
    for (const [key, value] of Object.entries(body['checks'] as Record<string, unknown[]>)) {
      expect(key).not.toContain(':');
      expect(value).toHaveLength(1);
      const [detail] = value as [Record<string, unknown>];
      expect(['pass', 'warn', 'fail']).toContain(detail['status']);
      expect('output' in detail).toBe(status !== 'pass');
      expect('time' in detail).toBe(details);
      const instant = new Date((detail['time'] ?? 0) as string).toISOString();
      expect(details ? detail['time'] : instant).toBe(instant);
    }
  });
});
