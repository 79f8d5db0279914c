import { describe, expect, it } from 'vitest';
import { memoryStore, type Route, type Store, spike } from '../src/index.ts';
import { createManualClock, type ManualClock, settle } from './manual-clock.ts';
import { faultyStore, type Weather } from './replicas/faulty-store.ts';
import { setUp } from './setup.ts';

const kinds = (messages: readonly { kind: string }[]): string[] => messages.map((one) => one.kind);
const ROUTES: readonly Route[] = [{ to: ['ops'], repeat: '1h' }];

interface Away {
  readonly weather: Weather;
  readonly store: Store;
}

/** A store that another clock drives: `isOut` says whether it can be reached. */
function away(inner: Store, clock: ManualClock): Away {
  const weather: Weather = {
    random: () => 0.5,
    isOut: false,
    isDead: false,
    lossShare: 0,
    maxDelayMs: 0,
  };
  return { weather, store: faultyStore(inner, clock, weather) };
}

function start(rules = { errorSpike: spike({ over: 3, within: '10m', keepFiringFor: '1m' }) }) {
  const inner = memoryStore();
  const { weather, store } = away(inner, createManualClock());
  const setup = setUp({ store, rules, routes: ROUTES });
  return { ...setup, weather, inner };
}

describe('while the store is away', () => {
  it('from the start, an alert has one id, alone and in the store, and is told once', async () => {
    const { weather, store } = away(memoryStore(), createManualClock());
    weather.isOut = true;
    let made = 0;
    const random = (): number => (made += 0.01);
    const rules = { errorSpike: spike({ over: 3, within: '10m', keepFiringFor: '1m' }) };
    const { alerts, clock, ops, fail } = setUp({ store, rules, routes: ROUTES, random });
    fail(4);
    await clock.advance(10_000);
    expect(ops.messages).toMatchObject([{ kind: 'firing', degraded: true }]);
    const id = alerts.active()[0]?.id;
    weather.isOut = false;
    await clock.advance(60_000);
    expect(alerts.active()).toMatchObject([{ id, degraded: false }]);
    await clock.advance(800_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    await alerts.close();
  });

  it('an alert fires all the same, marked, within seconds; when it is back it is stored and not told again', async () => {
    const { alerts, clock, ops, weather, fail, eventsOf, inner } = start();
    await clock.advance(5_000);
    weather.isOut = true;
    fail(4);
    await clock.advance(3_000);
    expect(ops.messages).toMatchObject([{ kind: 'firing', degraded: true }]);
    expect(ops.messages[0]?.firing).toMatchObject([{ id: 'errorSpike-i000-1', degraded: true }]);
    expect(eventsOf('store-lost')).toHaveLength(1);
    expect(alerts.active()).toHaveLength(1);
    expect((await alerts.status()).isDegraded).toBe(true);
    await clock.advance(60_000);
    weather.isOut = false;
    await clock.advance(10_000);
    expect(eventsOf('store-back')).toHaveLength(1);
    expect((await alerts.status()).isDegraded).toBe(false);
    expect(alerts.active()).toMatchObject([
      { id: 'errorSpike-i000-1', degraded: false, reason: expect.stringMatching(/^4 errors/) },
    ]);
    await clock.advance(800_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    expect(ops.messages[1]?.degraded).toBe(false);
    const session = inner.open({ scope: 'billing/test', clock });
    expect(await session.history({ sinceMs: 0, limitCount: 10 })).toHaveLength(1);
    await session.close();
    await alerts.close();
  });

  it('an alert that comes and goes is told as both, and not again when the store is back', async () => {
    const { alerts, clock, ops, weather, fail } = start();
    await clock.advance(5_000);
    weather.isOut = true;
    fail(4);
    await clock.advance(900_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    weather.isOut = false;
    await clock.advance(900_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    expect(await alerts.history({ since: '1h' })).toMatchObject([{ epoch: 1, state: 'ok' }]);
    await alerts.close();
  });

  it('a series tells of one beginning an hour, however often it comes back', async () => {
    const { alerts, clock, ops, weather, fail } = start({
      errorSpike: spike({ over: 3, within: '1m', keepFiringFor: 0 }),
    });
    await clock.advance(5_000);
    weather.isOut = true;
    for (let round = 0; round < 14; round += 1) {
      fail(4);
      await clock.advance(300_000);
    }
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved', 'firing', 'resolved']);
    await alerts.close({ drain: 0 });
  });

  it('what fired before is ended by the store, when it is back, and once', async () => {
    const { alerts, clock, ops, events, weather, fail } = start();
    await clock.advance(5_000);
    fail(4);
    await clock.advance(2_000);
    expect(ops.messages).toMatchObject([{ kind: 'firing', degraded: false }]);
    weather.isOut = true;
    await clock.advance(1_200_000);
    expect(kinds(ops.messages)).toEqual(['firing']);
    weather.isOut = false;
    await clock.advance(20_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    const steps = events.flatMap((event) => (event.type === 'transition' ? [event.to] : []));
    expect(steps).toEqual(['firing', 'recovering', 'ok']);
    await alerts.close();
  });

  it('one failed call is not an outage', async () => {
    const { alerts, clock, ops, eventsOf, weather, fail } = start();
    await clock.advance(5_000);
    weather.isOut = true;
    fail(4);
    await settle();
    weather.isOut = false;
    await clock.advance(2_000);
    expect(eventsOf('store-lost')).toEqual([]);
    expect(ops.messages).toMatchObject([{ kind: 'firing', degraded: false }]);
    await alerts.close();
  });

  it('flush and what people do reject; close resolves', async () => {
    const { alerts, clock, weather, fail } = start();
    await clock.advance(5_000);
    weather.isOut = true;
    fail(2);
    await expect(alerts.flush()).rejects.toThrow('connection refused');
    const silence = alerts.silence({ match: {}, for: '1h', by: 'ann', reason: 'x' });
    await expect(silence).rejects.toThrow('connection refused');
    const closing = alerts.close({ drain: '5s' });
    await clock.advance(5_000);
    expect(await closing).toEqual({ deliveredCount: 0, undelivered: [] });
    expect(clock.timerCount).toBe(0);
  });

  it('a long flood keeps within bounds, and every event counts in the end', async () => {
    const { alerts, clock, weather, eventsOf } = start();
    await clock.advance(5_000);
    weather.isOut = true;
    let count = 0;
    for (let second = 0; second < 3_000; second += 1) {
      for (let index = 0; index < 3; index += 1) {
        alerts.error(new Error('x'), { route: `/${second % 7}` });
        count += 1;
      }
      await clock.advance(1_000);
    }
    expect(eventsOf('coarsened').length).toBeGreaterThan(0);
    weather.isOut = false;
    await clock.advance(60_000);
    const [status] = (await alerts.status()).series;
    // 10 minutes of 3 a second, less what has left the window since.
    expect(count).toBe(9_000);
    expect(status?.state).toBe('firing');
    await alerts.close({ drain: 0 });
  });
});
