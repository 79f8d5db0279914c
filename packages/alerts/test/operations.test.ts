import { describe, expect, it } from 'vitest';
import {
  AlertNotFoundError,
  AlertsClosedError,
  failures,
  heartbeat,
  memoryStore,
  spike,
} from '../src/index.ts';
import { createManualClock, settle, WALL_START } from './manual-clock.ts';
import { burst, recordingChannel, setUp } from './setup.ts';

const kinds = (messages: readonly { kind: string }[]): string[] => messages.map((one) => one.kind);

describe('acknowledge', () => {
  it('ends repeats, and tells the channels that want to know', async () => {
    const { alerts, clock, ops, fail } = setUp({
      rules: { errorSpike: spike({ over: 3, within: '10h' }) },
      routes: [{ to: ['ops'], repeat: '1h' }],
    });
    Object.assign(ops, { acknowledges: true });
    fail(4);
    await clock.advance(3_600_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'repeat']);
    const [alert] = alerts.active();
    const acknowledged = await alerts.acknowledge(alert?.id ?? '', { by: 'ann', note: 'on it' });
    expect(acknowledged.acknowledged).toEqual({
      by: 'ann',
      at: new Date(WALL_START + 3_600_000).toISOString(),
      note: 'on it',
    });
    expect(alerts.active()).toEqual([acknowledged]);
    await clock.advance(4 * 3_600_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'repeat', 'acknowledged']);
    await clock.advance(10 * 3_600_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'repeat', 'acknowledged', 'resolved']);
    expect(ops.messages[3]?.resolved[0]?.acknowledged).toEqual(acknowledged.acknowledged);
    await alerts.close();
  });

  it('rejects for what is not, or no longer, an alert', async () => {
    const { alerts, clock, fail } = setUp();
    const missing = alerts.acknowledge('errorSpike-i000-1', { by: 'ann' });
    await expect(missing).rejects.toMatchObject({ code: 'ERR_OPS_ALERT_NOT_FOUND' });
    fail(4);
    await clock.advance(200_000);
    const ended = alerts.acknowledge('errorSpike-i000-1', { by: 'ann' });
    await expect(ended).rejects.toThrow(AlertNotFoundError);
    await expect(alerts.acknowledge('x', {} as never)).rejects.toThrow(/^acknowledge: by: /);
    await alerts.close();
    await expect(alerts.acknowledge('x', { by: 'ann' })).rejects.toThrow(AlertsClosedError);
  });
});

describe('resolve', () => {
  it('ends the alert at once, which does not come back before it has cleared', async () => {
    const { alerts, clock, events, ops, fail } = setUp();
    fail(4);
    await settle();
    const ended = await alerts.resolve(alerts.active()[0]?.id ?? '', { by: 'ann' });
    expect(ended).toMatchObject({ state: 'ok', reason: 'resolved by ann' });
    expect(alerts.active()).toEqual([]);
    await clock.advance(1_000);
    fail(1);
    await clock.advance(200_000);
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);
    fail(4);
    await clock.advance(0);
    expect(alerts.active()).toMatchObject([{ epoch: 2 }]);
    expect(events.filter(({ type }) => type === 'transition')).toHaveLength(3);
    await alerts.close();
  });
});

describe('silence', () => {
  it('tells nobody while it lasts, and then what still fires; state goes on', async () => {
    const { alerts, clock, ops, fail } = setUp({
      rules: { errorSpike: spike({ over: 3, within: '1h' }) },
    });
    const silence = await alerts.silence({
      match: { rule: 'errorSpike' },
      for: '10m',
      by: 'ann',
      reason: 'deploy',
    });
    expect(silence).toMatchObject({
      by: 'ann',
      endsAt: new Date(WALL_START + 600_000).toISOString(),
    });
    expect(alerts.silences()).toEqual([silence]);
    fail(4);
    await clock.advance(599_000);
    expect(alerts.active()).toHaveLength(1);
    expect(ops.messages).toEqual([]);
    await clock.advance(20_000);
    expect(kinds(ops.messages)).toEqual(['firing']);
    expect(alerts.silences()).toEqual([]);
    await alerts.close();
  });

  it('may be ended early, once', async () => {
    const { alerts, clock, ops, fail } = setUp({
      rules: { errorSpike: spike({ over: 3, within: '1h' }) },
    });
    const about = { by: 'ann', reason: 'deploy' };
    const { id } = await alerts.silence({ match: {}, for: '1h', ...about });
    fail(4);
    await clock.advance(60_000);
    expect(await alerts.endSilence(id)).toBe(true);
    expect(await alerts.endSilence(id)).toBe(false);
    expect(alerts.silences()).toEqual([]);
    await clock.advance(15_000);
    expect(kinds(ops.messages)).toEqual(['firing']);
    await alerts.close();
  });

  it('refuses what it does not know, each named', async () => {
    const { alerts } = setUp();
    const wrong = { match: { rule: 'errorSpik' }, for: 0, by: ' ' } as never;
    await expect(alerts.silence(wrong)).rejects.toThrow(
      /^silence: for: .*; by: .*; reason: .*; match\.rule: no rule named 'errorSpik'/,
    );
    await alerts.close();
  });
});

describe('status', () => {
  it('says where every series stands and why, and how sending goes', async () => {
    const { alerts, clock, ops, fail } = setUp({
      rules: {
        errorSpike: burst(),
        nightly: heartbeat({ every: '24h' }),
        partners: failures({ by: 'integration', consecutive: 2, severity: 'low' }),
      },
      routes: [{ to: ['ops'] }],
    });
    ops.outcome = () => {
      throw new Error('down');
    };
    fail(4);
    for (const integration of ['shopify', 'shopify', 'wave']) {
      alerts.failure(new Error('x'), { integration });
    }
    await clock.advance(0);
    const status = await alerts.status();
    expect(status).toMatchObject({
      service: 'billing',
      environment: 'test',
      store: 'memory',
      isDegraded: false,
    });
    expect(status.series.map(({ rule, key, state }) => [rule, key, state])).toEqual([
      ['errorSpike', null, 'firing'],
      ['nightly', null, 'no-data'],
      ['partners', 'shopify', 'firing'],
      ['partners', 'wave', 'ok'],
    ]);
    expect(status.series[0]?.why).toBe('4 errors in the last 1m 40s, over 3 (high over 6)');
    expect(status.channels).toEqual([
      { channel: 'ops', pendingCount: 2, pausedUntil: null, isBroken: false },
      { channel: 'other', pendingCount: 0, pausedUntil: null, isBroken: false },
    ]);
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    await alerts.close({ drain: 0 });
  });

  it('lists rules in which nothing has happened', async () => {
    const { alerts } = setUp();
    const { series } = await alerts.status();
    expect(series).toMatchObject([{ rule: 'errorSpike', key: null, state: 'ok', value: 0 }]);
    await alerts.close();
  });
});

describe('test', () => {
  it('sends one message now, and says how that went', async () => {
    const { alerts, ops } = setUp();
    expect(await alerts.test('ops')).toEqual({ channel: 'ops', isDelivered: true, durationMs: 0 });
    expect(ops.messages).toMatchObject([{ kind: 'test' }]);
    ops.outcome = () => {
      throw new Error('cannot reach https://hooks.example.com/services/s3cr3t');
    };
    expect(await alerts.test('ops')).toEqual({
      channel: 'ops',
      isDelivered: false,
      durationMs: 0,
      error: 'Error: cannot reach https://hooks.example.com/…',
    });
    await expect(alerts.test('pager')).rejects.toThrow("no channel named 'pager'");
    await alerts.close();
  });

  it('is cut off after `sendTimeout`', async () => {
    const { alerts, clock, ops } = setUp({ delivery: { sendTimeout: '1s' } });
    ops.outcome = () => new Promise(() => {});
    const report = alerts.test('ops');
    await clock.advance(1_000);
    expect(await report).toMatchObject({ isDelivered: false, error: 'No answer within 1000 ms' });
    await alerts.close();
  });
});

describe('history', () => {
  it('has what lasted or began in the time, the latest first', async () => {
    const { alerts, clock, fail } = setUp();
    for (let round = 0; round < 3; round += 1) {
      fail(4);
      await clock.advance(1_000_000);
    }
    const epochs = async (query: Parameters<typeof alerts.history>[0]): Promise<number[]> =>
      (await alerts.history(query)).map(({ epoch }) => epoch);
    expect(await epochs({ since: '1d' })).toEqual([3, 2, 1]);
    expect(await epochs({ since: 1_900_000 })).toEqual([3, 2]);
    expect(await epochs({ since: new Date(WALL_START), until: 1_500_000, limit: 1 })).toEqual([2]);
    expect(await epochs({ since: '1d', rule: 'errorSpike', limit: 2 })).toEqual([3, 2]);
    await expect(alerts.history({ since: 'x' as '1d', rule: 'no', limit: 0 })).rejects.toThrow(
      /^history: since: .*; limit: .*; options: no rule named 'no'|^history: since: .*; limit: .*/,
    );
    await alerts.close();
  });
});

describe('flush', () => {
  it('stores what was reported before it, for whoever looks next', async () => {
    const clock = createManualClock();
    const store = memoryStore({ clock });
    const one = setUp({ store });
    const other = setUp({ store });
    await settle();
    one.fail(2);
    await one.alerts.flush();
    other.fail(2);
    await other.alerts.flush();
    expect(other.alerts.active()).toMatchObject([{ reason: expect.stringMatching(/^4 errors/) }]);
    await one.alerts.close();
    await other.alerts.close();
  });

  it('rejects when its signal is aborted', async () => {
    const { alerts } = setUp();
    const reason = new Error('enough');
    await expect(alerts.flush({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await alerts.close();
    await expect(alerts.flush()).rejects.toThrow(AlertsClosedError);
  });
});

describe('a channel that refuses for good', () => {
  it('is told of through the others, once an hour, and shows in status', async () => {
    const { alerts, clock, ops, other, fail } = setUp({
      rules: { errorSpike: spike({ over: 0, within: '1m', keepFiringFor: 0, severity: 'low' }) },
      routes: [{ to: ['ops'] }],
    });
    const refusal = Object.assign(new Error('gone'), {
      code: 'ERR_OPS_ALERT_DELIVERY',
      retryable: false,
    });
    ops.outcome = () => {
      throw refusal;
    };
    for (let round = 0; round < 10; round += 1) {
      fail(1);
      await clock.advance(300_000);
    }
    expect(kinds(other.messages)).toEqual(['undelivered']);
    expect(other.messages[0]?.text).toContain('channel ops did not take 1 message: gone');
    expect((await alerts.status()).channels[0]).toMatchObject({ channel: 'ops', isBroken: true });
    await clock.advance(900_000);
    fail(1);
    await clock.advance(1_000);
    expect(kinds(other.messages)).toEqual(['undelivered', 'undelivered']);
    ops.outcome = () => undefined;
    await clock.advance(3_600_000);
    fail(1);
    await clock.advance(0);
    expect(kinds(ops.messages).at(-1)).toBe('firing');
    expect((await alerts.status()).channels[0]).toMatchObject({ isBroken: false });
    await alerts.close();
  });
});

describe('a flood', () => {
  const rules = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [
      `rule${index}`,
      spike({ over: 0, within: '1h', keepFiringFor: 0, severity: 'low' }),
    ]),
  );

  it('that waits for a channel becomes one message, and each alert is ended by its own', async () => {
    const { alerts, clock, ops, events, fail } = setUp({ rules, routes: [{ to: ['ops'] }] });
    Object.assign(ops, { rate: { perSecond: 1 } });
    fail(1);
    await clock.advance(60_000);
    expect(kinds(ops.messages)).toContain('digest');
    const digest = ops.messages.find(({ kind }) => kind === 'digest');
    expect(digest?.lines.length).toBe(30);
    expect(digest?.firing.length).toBe(30);
    expect(ops.messages).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'digest')).toMatchObject([{ messageCount: 30 }]);
    expect((await alerts.status()).channels[0]?.pendingCount).toBe(0);
    await alerts.close();
  });

  it('of more than a digest has lines for becomes as many digests as name each alert', async () => {
    const many = {
      shop: failures({ by: 'integration', consecutive: 1, severity: 'low', maxSeries: 250 }),
    };
    const { alerts, clock, ops } = setUp({ rules: many, routes: [{ to: ['ops'], repeat: false }] });
    Object.assign(ops, { rate: { perSecond: 1 } });
    const names = Array.from({ length: 250 }, (_, index) => `shop/i${1_000 + index} `);
    for (const name of names) alerts.failure(new Error('down'), { integration: name.slice(5, -1) });
    await clock.advance(60_000);
    expect(ops.messages.map(({ kind, lines }) => [kind, lines.length])).toEqual([
      ['digest', 100],
      ['digest', 100],
      ['digest', 50],
    ]);
    expect(new Set(alerts.active().map(({ id }) => id)).size).toBe(250);
    const told = ops.messages.flatMap(({ lines }) => lines).join('\n');
    expect(names.filter((name) => !told.includes(name))).toEqual([]);
    await alerts.close();
  });

  it('is sent one by one where the channel wants each alert by itself, at its rate', async () => {
    const { alerts, clock, ops, fail } = setUp({ rules, routes: [{ to: ['ops'] }] });
    Object.assign(ops, { rate: { perSecond: 1 }, digests: false });
    fail(1);
    await clock.advance(10_000);
    expect(ops.messages.length).toBe(11);
    await clock.advance(60_000);
    expect(kinds(ops.messages)).toEqual(Array.from({ length: 30 }, () => 'firing'));
    await alerts.close();
  });

  it('whose digest fails is not overtaken', async () => {
    const { alerts, clock, ops, fail } = setUp({
      rules: Object.fromEntries(
        Object.keys(rules).map((name) => [
          name,
          spike({ over: 0, within: '10s', keepFiringFor: 0, severity: 'low' }),
        ]),
      ),
      routes: [{ to: ['ops'] }],
    });
    let isDown = true;
    ops.outcome = () => {
      if (isDown) throw new Error('down');
    };
    fail(1);
    await clock.advance(60_000);
    isDown = false;
    ops.messages.length = 0;
    await clock.advance(120_000);
    expect(ops.messages[0]?.kind).toBe('digest');
    expect(new Set(kinds(ops.messages))).toEqual(new Set(['digest']));
    await alerts.close();
  });
});

describe('a render of a channel', () => {
  it('makes what is sent, once; null is nothing, and a throw loses this one message', async () => {
    let count = 0;
    const mine = { ...recordingChannel(), render: () => ({ text: `number ${(count += 1)}` }) };
    const { alerts, clock, ops, eventsOf, fail } = setUp();
    Object.assign(ops, { render: mine.render });
    ops.outcome = (payload) => {
      if (ops.messages.length < 3) throw new Error(JSON.stringify(payload));
    };
    fail(4);
    await clock.advance(10_000);
    expect(ops.messages.map((payload) => JSON.stringify(payload))).toEqual(
      Array.from({ length: 3 }, () => JSON.stringify(ops.messages[0])),
    );
    expect(eventsOf('delivered')).toMatchObject([{ message: { kind: 'firing' } }]);
    Object.assign(ops, {
      render: () => {
        throw new Error('bug');
      },
    });
    await clock.advance(200_000);
    expect(eventsOf('fault').length).toBeGreaterThan(0);
    expect(alerts.active()).toEqual([]);
    await alerts.close();
  });
});

describe('another version of the app', () => {
  it('whose rule is gone: its alert is ended, by the routes that there are', async () => {
    const clock = createManualClock();
    const store = memoryStore({ clock });
    const rules = { old: burst(), kept: burst() };
    const before = setUp({ store, rules, routes: [{ to: ['ops'] }] });
    before.fail(4);
    await before.clock.advance(2_000);
    await before.alerts.close();
    const after = setUp({ store, rules: { kept: burst() }, routes: [{ to: ['ops'] }] });
    for (let minute = 0; minute < 120; minute += 1) {
      await clock.advance(60_000);
      await after.clock.advance(60_000);
    }
    expect(after.alerts.active()).toEqual([]);
    const ended = (await after.alerts.history({ since: '1d' })).find(({ rule }) => rule === 'old');
    expect(ended?.reason).toBe('its rule no longer exists');
    expect(
      after.ops.messages.flatMap(({ resolved }) => resolved.map(({ rule }) => rule)).toSorted(),
    ).toEqual(['kept', 'old']);
    await after.alerts.close();
  });

  it('whose route is gone: what it told is known to the route that took its place', async () => {
    const clock = createManualClock();
    const store = memoryStore({ clock });
    const rules = { errorSpike: spike({ over: 3, within: '10h' }) };
    const before = setUp({
      store,
      rules,
      routes: [{ match: { severity: 'medium' }, to: ['ops'] }],
    });
    before.fail(4);
    await before.clock.advance(2_000);
    expect(kinds(before.ops.messages)).toEqual(['firing']);
    await before.alerts.close();
    const after = setUp({ store, rules, routes: [{ to: ['ops', 'other'] }] });
    for (let minute = 0; minute < 60 * 14; minute += 1) {
      await clock.advance(60_000);
      await after.clock.advance(60_000);
    }
    expect(kinds(after.ops.messages).filter((kind) => kind !== 'repeat')).toEqual(['resolved']);
    expect(kinds(after.other.messages).filter((kind) => kind !== 'repeat')).toEqual([
      'firing',
      'resolved',
    ]);
    await after.alerts.close();
  });
});
