import { describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from '../src/engine.ts';
import { createHealth, type HealthEvent, type HealthOptions } from '../src/index.ts';
import { readOptions } from '../src/options.ts';
import { deferred, manualClock, settle } from './manual-clock.ts';

function engineOf(options: HealthOptions): Engine {
  return createEngine(
    readOptions(options),
    (text) => text,
    (callback) => callback(),
  );
}

describe('version', () => {
  test('changes with statuses and codes, and with nothing else', async () => {
    const clock = manualClock();
    let outcome: object | undefined;
    const engine = engineOf({
      checks: {
        one: { run: () => outcome, every: '1s', jitter: 0 },
        other: { run: () => {}, every: '1s', jitter: 0 },
      },
      groups: { ready: ['one'] },
      clock,
    });
    engine.start();
    await settle();
    const versions: number[] = [engine.version];
    const step = async (next: object | undefined) => {
      outcome = next;
      const { version, revision } = engine;
      await clock.advance(1_000);
      expect(engine.revision).not.toBe(revision);
      versions.push(engine.version);
      return engine.version !== version;
    };
    expect(await step(undefined)).toBe(false);
    expect(await step({ value: 7, message: 'other words' })).toBe(false);
    expect(await step({ status: 'warn' })).toBe(true);
    expect(await step({ status: 'warn', value: 8 })).toBe(false);
    expect(await step({ status: 'warn', code: 'saturated' })).toBe(true);
    expect(await step({})).toBe(true);
    expect(new Set(versions).size).toBe(4);

    let { version } = engine;
    const isChangedBy = (work: () => void) => {
      work();
      const isChanged = engine.version !== version;
      ({ version } = engine);
      return isChanged;
    };
    expect(isChangedBy(() => engine.withdraw())).toBe(true);
    expect(isChangedBy(() => engine.withdraw())).toBe(false);
    expect(isChangedBy(() => engine.fatal('x'))).toBe(true);
    expect(isChangedBy(() => engine.fatal('y'))).toBe(false);
    engine.stop();
  });

  test('changes when a result grows too old, though nothing happens then', async () => {
    const clock = manualClock();
    const engine = engineOf({ checks: { one: () => {} }, clock });
    await engine.bringUpToDate(engine.groups.get('all') ?? []);
    const { version, revision } = engine;
    await clock.advance(16_000);
    expect([engine.version, engine.revision]).toEqual([version, revision]);
    await clock.advance(1);
    expect(engine.version).not.toBe(version);
    expect(engine.standing('ready')).toEqual({ status: 'fail', code: 'stale' });
    const stale = engine.version;
    await clock.advance(60_000);
    expect(engine.version).toBe(stale);
    engine.stop();
  });

  test('is that of the report, and what it said still holds while it is the same', async () => {
    const clock = manualClock();
    const engine = engineOf({ checks: { one: () => {} }, clock });
    expect(engine.report('ready').version).toBe(engine.version);
    await engine.bringUpToDate(engine.groups.get('all') ?? []);
    const first = engine.report('ready');
    await clock.advance(1_000);
    const second = engine.report('ready');
    expect(second.checks).toBe(first.checks);
    expect([first.time.getTime(), second.time.getTime()].map((ms) => ms % 60_000)).toEqual([
      0, 1_000,
    ]);
    engine.stop();
  });

  test('reading it costs no look at the checks', async () => {
    const engine = engineOf({ checks: { one: () => {} } });
    const members = engine.groups.get('ready') ?? [];
    await engine.prepare(members);
    const standing = vi.spyOn(members[0] as (typeof members)[number], 'standing');
    for (let index = 0; index < 100; index += 1) {
      expect(engine.prepare(members)).toBeUndefined();
      void [engine.version, engine.standing('ready'), engine.report('ready')];
    }
    expect(standing).toHaveBeenCalledTimes(1);
    engine.stop();
  });
});

describe('a report is a snapshot', () => {
  test('that what comes later does not change, and nobody can', async () => {
    const clock = manualClock();
    let value = 1;
    const health = createHealth({
      checks: { one: { run: () => ({ value: (value += 1) }), affects: ['/a'] } },
      clock,
    });
    const before = await health.check();
    const text = JSON.stringify(before);
    await clock.advance(70_000);
    await health.check();
    expect(JSON.stringify(before)).toBe(text);
    const { one } = before.checks;
    for (const part of [
      before,
      before.checks,
      one,
      one.measurements,
      one.totals,
      one.history,
      one.affects,
    ])
      expect(Object.isFrozen(part)).toBe(true);
    await health.stop();
  });

  test('with totals, and when it last passed', async () => {
    const clock = manualClock();
    let count = 0;
    const health = createHealth({
      checks: {
        one: async () => {
          count += 1;
          clock.block(100);
          if (count > 2) throw new Error('down');
          return count === 2 ? { status: 'warn' } : undefined;
        },
      },
      clock,
    });
    for (let index = 0; index < 4; index += 1) {
      await health.check();
      await clock.advance(5_000);
    }
    expect(health.report().checks.one).toMatchObject({
      totals: { pass: 1, warn: 1, fail: 2, durationMs: 400 },
      lastPass: new Date(Date.UTC(2026, 0, 1) + 100),
    });
    await health.stop();
  });

  test('before the first result it says since when there is none', async () => {
    const clock = manualClock();
    await clock.advance(5_000);
    const health = createHealth({ checks: { one: () => {} }, clock });
    await clock.advance(5_000);
    expect(health.report().checks.one).toMatchObject({
      status: 'fail',
      code: 'not_run',
      stale: false,
      since: new Date(Date.UTC(2026, 0, 1) + 5_000),
      time: undefined,
      history: [],
      totals: { pass: 0, warn: 0, fail: 0, durationMs: 0 },
    });
    await health.stop();
  });
});

test('a check may fail with the words of the engine and is not taken for one that has not run', async () => {
  const health = createHealth({
    checks: { one: () => ({ status: 'fail', code: 'not_run' }) },
    groups: { live: ['one'] },
  });
  await health.check();
  expect(health.report('live')).toMatchObject({ status: 'fail', code: 'not_run' });
  await health.stop();
});

test('a listener of the engine is told what onEvent is, until it leaves', async () => {
  const clock = manualClock();
  const told: HealthEvent[] = [];
  const also: HealthEvent[] = [];
  const result = deferred();
  const engine = engineOf({
    checks: { one: () => result.promise },
    onEvent: (event) => {
      told.push(event);
      throw new Error('a listener that throws');
    },
    clock,
  });
  const leave = engine.onEvent((event) => also.push(event));
  const done = engine.bringUpToDate(engine.groups.get('all') ?? []);
  result.resolve();
  await done;
  expect(told).toHaveLength(3);
  expect(also).toEqual(told);
  leave();
  engine.withdraw();
  expect(told).toHaveLength(5);
  expect(also).toHaveLength(3);
  engine.stop();
});
