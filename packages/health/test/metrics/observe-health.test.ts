import { expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { type Meter, type Observation, observeHealth } from '../../src/metrics/index.ts';
import { manualClock } from '../manual-clock.ts';

/** As the SDK's: an observation that needs its `this`. */
class Result implements Observation {
  readonly lines: string[] = [];
  observe(value: number, attributes: Record<string, string>): void {
    this.lines.push([...Object.values(attributes), value].join(' '));
  }
}

class FakeMeter implements Meter {
  readonly callbacks = new Map<string, Set<(observation: Observation) => void>>();
  createObservableGauge(name: string) {
    return this.#instrument(name);
  }
  createObservableCounter(name: string) {
    return this.#instrument(name);
  }
  #instrument(name: string) {
    const callbacks = new Set<(observation: Observation) => void>();
    this.callbacks.set(name, callbacks);
    return {
      addCallback: (callback: (observation: Observation) => void) => void callbacks.add(callback),
      removeCallback: (callback: (observation: Observation) => void) =>
        void callbacks.delete(callback),
    };
  }
  collect(): Record<string, string[]> {
    return Object.fromEntries(
      [...this.callbacks].map(([name, callbacks]) => {
        const result = new Result();
        for (const callback of callbacks) callback(result);
        return [name, result.lines];
      }),
    );
  }
}

test('what is observed, and that nothing is run for it', async () => {
  const clock = manualClock();
  const run = vi.fn(() => {
    throw new CheckFailedError('refused', 'postgres://app:hunter2@db/');
  });
  const health = createHealth({ checks: { shop: { run, critical: false } }, details: true, clock });
  const meter = new FakeMeter();
  const end = observeHealth({ ...health }, meter);
  expect(meter.collect()['health.check.status']).toEqual([
    'shop pass 0',
    'shop warn 1',
    'shop fail 0',
  ]);
  expect(meter.collect()['health.check.up']).toEqual([]);
  expect(run).not.toHaveBeenCalled();
  await health.check();
  expect(meter.collect()).toEqual({
    'health.check.status': ['shop pass 0', 'shop warn 1', 'shop fail 0'],
    'health.check.up': ['shop 0'],
    'health.check.duration': ['shop 0'],
    'health.check.last_success': [],
    'health.checks': ['shop pass 0', 'shop warn 0', 'shop fail 1'],
    'health.group.status': ['live', 'ready', 'startup', 'all'].flatMap((group) => {
      const isWarn = group === 'ready' || group === 'all';
      return [
        `${group} pass ${isWarn ? 0 : 1}`,
        `${group} warn ${isWarn ? 1 : 0}`,
        `${group} fail 0`,
      ];
    }),
  });
  end();
  expect(Object.values(meter.collect()).flat()).toEqual([]);
  await health.stop();
});

test('only what createHealth made can be observed', () => {
  const fetch = async () => new Response();
  expect(() => observeHealth({ fetch }, new FakeMeter())).toThrow('expected what createHealth');
});
