import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  CheckFailedError,
  createHealth,
  type HealthEvent,
  type Publisher,
  type Transition,
} from '../../src/index.ts';
import { sink } from '../../src/publishers/index.ts';
import { deferred, manualClock, settle } from '../manual-clock.ts';

const lineOf = (event: Transition) =>
  `${event.type === 'change' ? event.check : event.group} ${event.from} ${event.to} ${event.code}`;

/** A service whose checks are what they are told to be. */
function service(publishers: readonly Publisher[]) {
  const clock = manualClock();
  const down = new Set<string>();
  const check = (name: string) => ({
    run: () => {
      if (down.has(name)) throw new CheckFailedError('refused', `${name} token=hunter2`);
    },
    ttl: '1ms' as const,
  });
  const events: HealthEvent[] = [];
  const health = createHealth({
    service: { id: 'billing' },
    checks: { a: check('a'), b: check('b') },
    groups: { ready: ['a'] },
    onEvent: (event) => events.push(event),
    publishers,
    clock,
  });
  const set = async (name: string, isDown: boolean) => {
    if (isDown) down.add(name);
    else down.delete(name);
    await clock.advance(1_000);
    await health.check();
    await settle();
  };
  const failures = () => events.filter((event) => event.type === 'publisher-failed');
  return { health, clock, set, failures, check: () => health.check() };
}

test('transitions are told, in their order; a first result that passes is none', async () => {
  const told: string[] = [];
  const { health, set } = service([
    sink((event, { service: { id } }) => void told.push(`${id} ${lineOf(event)}`)),
  ]);
  await set('b', true);
  expect(told).toEqual(['billing b not_run fail refused']);
  await set('b', true);
  await set('a', true);
  await set('a', false);
  expect(told.slice(1)).toEqual([
    'billing a pass fail refused',
    'billing ready pass fail refused',
    'billing a fail pass ok',
    'billing ready fail pass ok',
  ]);
  void health.drain();
  await settle();
  expect(told.slice(5)).toEqual(['billing ready pass fail shutting_down']);
  await health.stop();
});

test('while one is told the newest of each waits, and what is back where it was is not told', async () => {
  const told: string[] = [];
  const gate = deferred();
  const { health, set } = service([
    {
      name: 'slow',
      publish: async (event) => {
        told.push(lineOf(event));
        await gate.promise;
      },
    },
  ]);
  await set('a', false);
  await set('b', true);
  expect(told).toEqual(['b pass fail refused']);
  await set('a', true);
  await set('b', false);
  await set('a', false);
  await set('b', true);
  await set('b', false);
  expect(told).toHaveLength(1);
  gate.resolve();
  await settle();
  // a is back where it was, and so are its groups.
  expect(told.slice(1)).toEqual(['b fail pass ok']);
  await health.stop();
});

test('a failing publisher is told of, redacted, and touches neither checks nor others', async () => {
  const told: string[] = [];
  const { health, set, failures } = service([
    sink(
      () => {
        throw Object.assign(new Error('POST https://app:hunter2@hooks/ failed'), {
          code: 'ECONNREFUSED',
          url: 'hunter2',
        });
      },
      { name: 'broken' },
    ),
    sink((event) => void told.push(lineOf(event)), { name: 'fine' }),
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a publisher may do it
    { name: 'odd', publish: () => Promise.reject(undefined) },
  ]);
  await set('b', true);
  expect(told).toEqual(['b not_run fail refused']);
  expect(failures()).toEqual([
    {
      type: 'publisher-failed',
      publisher: 'broken',
      code: 'refused',
      message: 'POST https://[redacted]@hooks/ failed',
      at: expect.any(Date) as Date,
    },
    expect.objectContaining({ publisher: 'odd', code: 'error' }),
  ]);
  expect(JSON.stringify(failures())).not.toContain('hunter2');
  expect(health.report().checks.a.status).toBe('pass');
  await health.stop();
});

test('a call has a time limit and a signal; one that never settles is the last', async () => {
  const signals: AbortSignal[] = [];
  const publish = vi.fn(async (_: Transition, { signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    await new Promise(() => {});
  });
  const { health, clock, set, failures } = service([{ name: 'stuck', publish, timeout: '2s' }]);
  await set('b', true);
  expect(failures()).toEqual([]);
  await clock.advance(2_000);
  expect(signals[0]?.aborted).toBe(true);
  expect(failures()).toMatchObject([{ publisher: 'stuck', code: 'timeout' }]);
  for (let round = 0; round < 10; round += 1) await set('a', round % 2 === 0);
  expect(publish).toHaveBeenCalledTimes(1);
  const stopped = health.stop();
  await clock.advance(2_000);
  await stopped;
  expect(clock.timerCount).toBe(0);
});

test('stop waits for what is being told and for what waits, to the limit', async () => {
  const told: string[] = [];
  const gate = deferred();
  const { health, set, clock } = service([
    sink(async (event) => {
      await gate.promise;
      told.push(lineOf(event));
    }),
  ]);
  await set('b', true);
  let isStopped = false;
  const stopping = (async () => {
    await health.stop();
    isStopped = true;
  })();
  await settle();
  expect(isStopped).toBe(false);
  gate.resolve();
  await stopping;
  // Stopping withdraws readiness, and that is told too.
  expect(told).toEqual(['b not_run fail refused', 'ready pass fail shutting_down']);
  expect(clock.timerCount).toBe(0);
});

test('after stop nothing more is told, and what was lost is said', async () => {
  const publish = vi.fn(() => new Promise<void>(() => {}));
  const { health, set, clock, failures } = service([{ name: 'stuck', publish, timeout: '1s' }]);
  await set('b', true);
  const stopping = health.stop();
  await clock.advance(1_000);
  await stopping;
  expect(publish).toHaveBeenCalledTimes(1);
  expect(failures().length).toBeGreaterThan(0);
  expect(clock.timerCount).toBe(0);
});

test('it runs outside of the request that found the change', async () => {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const store = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { health, check, set } = service([sink(() => void seen.push(store.getStore()))]);
  await set('a', false);
  await store.run('request', async () => {
    health.fatal('broken');
    await check();
    await settle();
  });
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set([undefined]));
  await health.stop();
});

test('whatever happens, a receiver can follow: each event starts where the last one ended', async () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b'),
    isDown: fc.boolean(),
    isReleased: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const last = new Map<string, string>();
      let release = () => {};
      const { health, clock, set } = service([
        sink(async (event) => {
          const key = event.type === 'change' ? `check ${event.check}` : `group ${event.group}`;
          expect(event.from).not.toBe(event.to);
          expect(last.get(key) ?? event.from).toBe(event.from);
          last.set(key, event.to);
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }),
      ]);
      for (const { name, isDown, isReleased } of steps) {
        await set(name, isDown);
        if (isReleased) release();
        await settle();
      }
      for (let round = 0; round < 8; round += 1) {
        release();
        await settle();
      }
      const { checks } = health.report();
      for (const name of ['a', 'b'] as const) {
        const { status } = checks[name];
        expect(last.get(`check ${name}`) ?? status).toBe(status);
      }
      const stopping = health.stop();
      release();
      await clock.advance(5_000);
      await stopping;
    }),
    { numRuns: 30 },
  );
});

test.each([
  [[{}], 'publishers.0.name'],
  [['webhook'], 'publishers.0: expected a publisher'],
  [[{ name: 'x', publish: () => {}, timeout: 0 }], 'publishers.0.timeout'],
  [[{ name: 'a\nb', publish: () => {} }], 'publishers.0.name'],
])('%o is refused', (publishers, fault) => {
  expect(() => createHealth({ checks: {}, publishers: publishers as Publisher[] })).toThrow(fault);
});

test('sink refuses what is no function, and a misspelt option', () => {
  expect(() => sink('log' as never)).toThrow('expected a function');
  expect(() => sink(() => {}, { timeOut: '1s' } as never)).toThrow('timeOut');
});
