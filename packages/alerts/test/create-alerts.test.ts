import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Alert, type AlertsEvent, createAlerts, type Rule, spike } from '../src/index.ts';
import { settle, WALL_START } from './manual-clock.ts';
import { burst, recordingChannel, setUp } from './setup.ts';

const kinds = (messages: readonly { kind: string }[]): string[] => messages.map((one) => one.kind);
const path = (events: readonly AlertsEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'transition' ? `${event.from}>${event.to}` : []));

describe('an error burst', () => {
  it('fires once, not again, and resolves', async () => {
    const { alerts, clock, events, ops, fail } = setUp();
    fail(3);
    await settle();
    expect(ops.messages).toEqual([]);
    fail(3);
    await clock.advance(109_999);
    expect(kinds(ops.messages)).toEqual(['firing']);
    await clock.advance(1);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    expect(path(events)).toEqual(['ok>firing', 'firing>recovering', 'recovering>ok']);
    expect(alerts.active()).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it('is stored and sent right after the turn in which it crosses, without a timer', async () => {
    const { clock, ops, fail } = setUp();
    expect(clock.timerCount).toBe(0);
    fail(4);
    expect(ops.messages).toEqual([]);
    await settle();
    expect(ops.messages).toHaveLength(1);
  });

  it('gives an alert with everything in it', async () => {
    const { alerts, clock, ops, fail } = setUp();
    await clock.advance(5_000);
    fail(3, new TypeError('order 4711 not found'));
    alerts.error(new Error('timeout'), { route: '/pay/99', integration: 'shopify' });
    await settle();
    const [message] = ops.messages;
    const alert: Alert = {
      id: 'errorSpike-i000-1',
      rule: 'errorSpike',
      key: null,
      service: 'billing',
      environment: 'test',
      labels: {},
      state: 'firing',
      severity: 'medium',
      epoch: 1,
      startedAt: new Date(WALL_START + 5_000).toISOString(),
      endedAt: null,
      reason: '4 errors in the last 1m 40s, over 3 (high over 6)',
      value: 4,
      limit: 3,
      samples: [
        { message: 'TypeError: order # not found', count: 3 },
        { message: 'Error: timeout', count: 1, route: '/pay/#', integration: 'shopify' },
      ],
      runbook: null,
      acknowledged: null,
      degraded: false,
    };
    expect(message).toMatchObject({
      id: expect.stringMatching(/^msg_[0-9a-f-]{36}$/),
      kind: 'firing',
      at: new Date(WALL_START + 5_000).toISOString(),
      firing: [alert],
      resolved: [],
      degraded: false,
    });
    expect(message?.text).toBe(
      'FIRING (medium): errorSpike in billing (test): 4 errors in the last 1m 40s, over 3 (high over 6)',
    );
    expect(alerts.active()).toEqual([alert]);
    await clock.advance(110_000);
    const resolved = ops.messages[1];
    expect(resolved?.resolved[0]).toMatchObject({
      id: alert.id,
      state: 'ok',
      endedAt: new Date(WALL_START + 5_000 + 110_000).toISOString(),
      reason: '0 errors in the last 1m 40s, below 2 (clear for 10s)',
      samples: alert.samples,
    });
    expect(resolved?.text).toContain('RESOLVED after 1m 50s: errorSpike');
    expect(resolved?.id).not.toBe(message?.id);
    expect(await alerts.history({ since: '1h' })).toEqual(resolved?.resolved);
  });

  it('shows the errors of its window and none from before', async () => {
    const { alerts, clock, fail } = setUp();
    fail(1, new Error('long ago'));
    await clock.advance(100_000);
    fail(4);
    await settle();
    expect(alerts.active()[0]?.samples).toEqual([{ message: 'Error: card declined', count: 4 }]);
    await alerts.close();
  });

  it('escalates to the channels of the higher severity, and each hears of the end', async () => {
    const { clock, events, ops, other, fail } = setUp();
    fail(4);
    await settle();
    fail(4);
    await clock.advance(10);
    expect(kinds(ops.messages)).toEqual(['firing', 'escalated']);
    expect(kinds(other.messages)).toEqual(['firing']);
    expect(other.messages[0]?.firing).toMatchObject([{ severity: 'high' }]);
    expect(events.filter((event) => event.type === 'escalation')).toMatchObject([
      { from: 'medium', to: 'high' },
    ]);
    await clock.advance(200_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'escalated', 'resolved']);
    expect(kinds(other.messages)).toEqual(['firing', 'resolved']);
    expect(ops.messages[2]?.resolved[0]?.severity).toBe('high');
  });

  it('does not tell a channel of the end that was not told of the beginning', async () => {
    const { clock, other, fail } = setUp();
    fail(4);
    await clock.advance(200_000);
    expect(other.messages).toEqual([]);
  });

  it('that comes back while recovering is the same alert, and sends nothing', async () => {
    const { clock, events, ops, alerts, fail } = setUp();
    fail(4);
    await settle();
    const [before] = alerts.active();
    await clock.advance(105_000);
    expect(alerts.active()).toMatchObject([{ state: 'recovering' }]);
    fail(2);
    await settle();
    expect(alerts.active()).toMatchObject([{ id: before?.id, epoch: 1, state: 'firing' }]);
    expect(path(events)).toEqual(['ok>firing', 'firing>recovering', 'recovering>firing']);
    expect(kinds(ops.messages)).toEqual(['firing']);
    await clock.advance(200_000);
    fail(4);
    await settle();
    expect(alerts.active()).toMatchObject([{ epoch: 2, state: 'firing' }]);
    expect(alerts.active()[0]?.id).not.toBe(before?.id);
    await alerts.close();
  });
});

describe('active alerts', () => {
  it('are as of the last look, which flush() makes', async () => {
    const { alerts, clock, fail } = setUp();
    fail(5);
    expect(alerts.active()).toEqual([]);
    await alerts.flush();
    expect(alerts.active()).toMatchObject([
      { state: 'firing', reason: expect.stringMatching(/^5 /) },
    ]);
    clock.stall(100_000);
    await alerts.flush();
    expect(alerts.active()).toMatchObject([{ state: 'recovering' }]);
    clock.stall(10_000);
    await alerts.flush();
    expect(alerts.active()).toEqual([]);
    await alerts.close();
  });

  it('are frozen', async () => {
    const { alerts, fail } = setUp();
    fail(4);
    await settle();
    const [alert] = alerts.active();
    expect(Object.isFrozen(alert)).toBe(true);
    expect(Object.isFrozen(alert?.samples)).toBe(true);
    await alerts.close();
  });
});

describe('the wall clock', () => {
  it.each([3_600_000, -3_600_000])(
    'may jump by %d ms: nothing fires, nothing resolves',
    async (byMs) => {
      const { alerts, clock, ops, fail } = setUp();
      fail(2);
      clock.setWallClock(byMs);
      fail(2);
      await settle();
      expect(alerts.active()).toHaveLength(1);
      clock.setWallClock(-byMs);
      await clock.advance(50_000);
      expect(alerts.active()).toMatchObject([{ state: 'firing' }]);
      await clock.advance(60_000);
      const { startedAt = '', endedAt } = ops.messages[1]?.resolved[0] ?? {};
      expect(Date.parse(endedAt ?? '') - Date.parse(startedAt)).toBe(110_000);
    },
  );
});

describe('a route', () => {
  it('that is missing for an alert is told, not silent', async () => {
    const ops = recordingChannel();
    const events: AlertsEvent[] = [];
    await using alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { ops },
      rules: { errorSpike: burst() },
      routes: [{ match: { severity: 'high', rule: ['errorSpike'] }, to: ['ops'] }],
      onEvent: (event) => events.push(event),
    });
    for (let index = 0; index < 4; index += 1) alerts.error('x');
    await settle();
    expect(events.map((event) => event.type)).toEqual(['transition', 'unrouted']);
  });
});

describe('whoever is told', () => {
  it('may report an error in turn', async () => {
    const { alerts, events, fail } = setUp({
      onEvent: (event) => {
        if (event.type === 'transition') fail(3);
      },
    });
    fail(4);
    await settle();
    expect(alerts.active()).toMatchObject([{ severity: 'high', epoch: 1 }]);
    expect(path(events)).toEqual(['ok>firing']);
    await alerts.close();
  });

  it('may throw or reject, which the logger is told', async () => {
    const { alerts, logger, fail } = setUp({
      onEvent: (event) => {
        if (event.type === 'transition') throw new Error('listener');
        return Promise.reject(new TypeError('late')) as never;
      },
    });
    fail(4);
    await settle();
    expect(alerts.active()).toHaveLength(1);
    expect(logger.lines).toMatchObject([
      { level: 'error', fields: { error: 'Error' }, message: 'alerts: onEvent threw' },
      { level: 'error', fields: { error: 'TypeError' } },
    ]);
    await alerts.close();
  });
});

describe('a rule that breaks its word', () => {
  const broken = (rule: Partial<Rule>): Rule => ({ ...burst(), ...rule });

  it('costs a fault event, and the others go on', async () => {
    const { alerts, eventsOf, fail } = setUp({
      rules: {
        broken: broken({
          evaluate: () => {
            throw new Error('bug');
          },
        }),
        errorSpike: burst(),
      },
    });
    fail(4);
    await settle();
    expect(eventsOf('fault').length).toBeGreaterThan(0);
    expect(alerts.active()).toMatchObject([{ rule: 'errorSpike' }]);
    await alerts.close();
  });

  it('does not recurse when its faults are reported as errors', async () => {
    const bug = broken({
      on: () => {
        throw new Error('bug');
      },
    });
    const { alerts, clock, eventsOf, fail, logger } = setUp({
      rules: { one: bug, two: bug },
      onEvent: (event) => {
        if (event.type === 'fault') fail(1, event.error);
      },
    });
    fail(1);
    await clock.advance(60_000);
    // Each report is one more error, which the rules cannot take either.
    expect(eventsOf('fault').length).toBeLessThan(10);
    expect(logger.lines.length).toBeGreaterThanOrEqual(eventsOf('fault').length);
    await alerts.close({ drain: 0 });
  });

  it('cannot hang the app', async () => {
    let flips = 0;
    const facts = { value: 1, limit: 1, why: 'flips', nextMs: undefined };
    const { alerts, clock, fail } = setUp({
      rules: {
        flipping: broken({
          keepFiringForMs: 0,
          evaluate: () =>
            flips++ % 2 === 0
              ? { ...facts, status: 'breach', severity: 'low' }
              : { ...facts, status: 'clear' },
        }),
      },
    });
    fail(1);
    expect(flips).toBeLessThan(20);
    await alerts.close();
    expect(clock.timerCount).toBe(0);
  });
});

describe('timers', () => {
  it('do not keep a process alive while an alert lasts and a message waits', () => {
    const program = `
      import { createAlerts, spike } from '@ops/alerts';
      const failing = { kind: 'failing', send: async () => { throw new Error('down'); } };
      const alerts = createAlerts({
        service: 's', environment: 'e', channels: { failing },
        rules: { spike: spike({ over: 0, within: '1h' }) }, routes: [{ to: ['failing'] }],
        onEvent: (event) => console.log(event.type),
      });
      alerts.error(new Error('x'));`;
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--input-type=module-typescript', '--eval', program],
      { cwd: `${import.meta.dirname}/..`, encoding: 'utf8', timeout: 20_000 },
    );
    expect({ stdout, status }).toEqual({ stdout: 'transition\nretry\n', status: 0 });
  });

  it('longer than a timer can hold are waited for in parts', async () => {
    const days = 24 * 3_600_000;
    const { alerts, clock, events, fail } = setUp({
      rules: { errorSpike: spike({ over: 1, within: '30d', keepFiringFor: '5d' }) },
    });
    fail(2);
    await clock.advance(34 * days);
    expect(alerts.active()).toHaveLength(1);
    await clock.advance(1 * days);
    expect(path(events).at(-1)).toBe('recovering>ok');
  });
});

describe('an error that is reported from within a transition', () => {
  it('does not overtake it', async () => {
    let isFirst = true;
    const { alerts, events, ops, fail } = setUp({
      rules: { errorSpike: spike({ over: 0, within: '1h', severity: { medium: 0, high: 1 } }) },
      onEvent: ({ type }) => {
        if (type !== 'transition' || !isFirst) return;
        isFirst = false;
        fail(1);
      },
    });
    fail(1);
    await settle();
    await alerts.close();
    expect(events.map(({ type }) => type).filter((type) => type !== 'delivered')).toEqual([
      'transition',
      'escalation',
    ]);
    expect(ops.messages.map(({ kind, firing }) => `${kind} ${firing[0]?.severity}`)).toEqual([
      'firing medium',
      'escalated high',
    ]);
  });
});

describe('after close()', () => {
  it('looking at what is active moves nothing and starts no timer', async () => {
    const { alerts, clock, events, fail } = setUp();
    fail(4);
    await alerts.close();
    const told = events.length;
    expect(alerts.active()).toMatchObject([{ state: 'firing' }]);
    expect(clock.timerCount).toBe(0);
    clock.stall(1_000_000);
    expect(alerts.active()).toMatchObject([{ state: 'firing' }]);
    expect(events).toHaveLength(told);
  });
});
