import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { OUTCOME_CODES } from '../../src/status.ts';
import { manualClock } from '../manual-clock.ts';
import { parseExposition } from './exposition.ts';

const METRICS = 'http://localhost/health/metrics';

function service() {
  const clock = manualClock();
  let isDown = false;
  const later = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 250));
  const health = createHealth({
    checks: {
      slow: later,
      shop: {
        run: () => {
          if (isDown) throw new CheckFailedError('refused', 'postgres://app:hunter2@db/');
        },
        critical: false,
      },
      'odd"\\name': () => ({ status: 'warn', value: 7 }),
    },
    groups: { ready: ['slow'], 'my"group': ['shop'] },
    details: true,
    clock,
  });
  const scrape = async () => {
    const response = await health.fetch(new Request(METRICS));
    return [response, parseExposition(await response.text())] as const;
  };
  const valuesOf = async (name: string) => {
    const [, samples] = await scrape();
    return samples
      .filter((sample) => sample.name === name)
      .map(({ labels, value }) => [...Object.values(labels), value].join(' '));
  };
  const round = async () => {
    const checked = health.check();
    await clock.advance(250);
    await checked;
    await clock.advance(6_000);
  };
  const fail = (is: boolean) => {
    isDown = is;
  };
  return { health, clock, round, fail, scrape, valuesOf };
}

test('a scrape runs no check and starts no schedule', async () => {
  const run = vi.fn();
  const clock = manualClock();
  const health = createHealth({ checks: { one: run, two: { run, every: '1s' } }, clock });
  for (let count = 0; count < 3; count += 1) {
    expect((await health.fetch(new Request(METRICS))).status).toBe(200);
    await clock.advance(10_000);
  }
  expect(run).not.toHaveBeenCalled();
  expect(clock.timerCount).toBe(0);
  await health.stop();
});

test('before the first result there is nothing to say of it', async () => {
  const { health, scrape, valuesOf } = service();
  const [response, samples] = await scrape();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const names = new Set(samples.map(({ name }) => name));
  for (const name of ['up', 'last_duration_seconds', 'last_success_timestamp_seconds']) {
    expect(names).not.toContain(`health_check_${name}`);
  }
  expect(await valuesOf('health_check_code')).toEqual([
    'slow not_run 1',
    'shop not_run 1',
    'odd"\\name not_run 1',
  ]);
  await health.stop();
});

test('every metric, while one fails and comes back', async () => {
  const { health, round, fail, valuesOf } = service();
  await round();
  fail(true);
  await round();
  const of = async (name: string) =>
    (await valuesOf(name)).filter((line) => line.startsWith('shop'));
  expect(await of('health_check_status')).toEqual(['shop pass 0', 'shop warn 1', 'shop fail 0']);
  expect(await of('health_check_up')).toEqual(['shop 0']);
  expect(await of('health_check_code')).toEqual(['shop refused 1']);
  expect(await of('health_checks_total')).toEqual(['shop pass 1', 'shop warn 0', 'shop fail 1']);
  expect(await of('health_check_transitions_total')).toEqual([
    'shop pass 1',
    'shop warn 1',
    'shop fail 0',
  ]);
  const firstPass = Date.UTC(2026, 0, 1) / 1_000;
  expect(await of('health_check_last_success_timestamp_seconds')).toEqual([`shop ${firstPass}`]);
  fail(false);
  await round();
  expect(await of('health_check_status')).toEqual(['shop pass 1', 'shop warn 0', 'shop fail 0']);
  expect((await valuesOf('health_check_duration_seconds_sum'))[0]).toBe('slow 0.75');
  expect((await valuesOf('health_check_duration_seconds_count'))[0]).toBe('slow 3');
  expect((await valuesOf('health_check_last_duration_seconds'))[0]).toBe('slow 0.25');
  await health.stop();
});

test('groups, and still 200 while all fails', async () => {
  const { health, round, scrape, valuesOf } = service();
  await round();
  void health.drain();
  const [response] = await scrape();
  expect(response.status).toBe(200);
  const lines = await valuesOf('health_group_status');
  expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
    'live pass 1',
    'ready fail 1',
    'startup pass 1',
    'my"group pass 1',
    'all fail 1',
  ]);
  await health.stop();
});

test('labels hold names, statuses and codes, and nothing else', async () => {
  const { health, round, fail, scrape } = service();
  fail(true);
  await round();
  const [, samples] = await scrape();
  const statuses = ['pass', 'warn', 'fail'];
  for (const { labels } of samples) {
    const { check = 'slow', group = 'live', status = 'pass', code = 'ok', ...rest } = labels;
    expect(rest).toEqual({});
    expect(['slow', 'shop', 'odd"\\name']).toContain(check);
    expect(['live', 'ready', 'startup', 'my"group', 'all']).toContain(group);
    expect(statuses).toContain(status);
    expect(OUTCOME_CODES).toContain(code);
  }
  await health.stop();
});

// Of Debian's package prometheus; where it is not installed this says so by being skipped.
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
test.skipIf(!hasPromtool)('promtool finds nothing wrong', async () => {
  const { health, round } = service();
  await round();
  const input = await (await health.fetch(new Request(METRICS))).text();
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });
  expect([status, stdout + stderr]).toEqual([0, '']);
  await health.stop();
});
