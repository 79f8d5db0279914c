import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channel.ts';
import { failures } from '../../src/rules/failures.ts';
import { heartbeat } from '../../src/rules/heartbeat.ts';
import { spike } from '../../src/rules/spike.ts';
import { type SimulateOptions, simulate } from '../../src/testing/index.ts';

const burst = spike({
  over: 3,
  within: '10m',
  clearBelow: 2,
  keepFiringFor: '5m',
  severity: { medium: 3, high: 9 },
});
const quiet: Channel = {
  kind: 'quiet',
  rate: { perSecond: 1 / 60 },
  send: () => Promise.reject(new Error('It was sent')),
};

function plain(
  changed: Partial<SimulateOptions> = {},
): Promise<Awaited<ReturnType<typeof simulate>>> {
  const options: SimulateOptions = {
    rules: { burst },
    routes: [{ to: ['ops'] }],
    events: [{ at: '1m', error: new Error('card declined'), count: 4 }],
    ...changed,
  };
  return simulate(options);
}

describe('simulate', () => {
  it('shows when an alert begins and ends, and what is sent', async () => {
    const simulation = await plain();
    expect(simulation.transitions.map(({ atMs, from, to }) => [atMs, from, to])).toEqual([
      [60_000, 'ok', 'firing'],
      // The errors leave the window at 11 min; then it must stay so for 5.
      [660_000, 'firing', 'recovering'],
      [960_000, 'recovering', 'ok'],
    ]);
    expect(simulation.sentTo('ops').map(({ atMs, kind }) => [atMs, kind])).toEqual([
      [60_000, 'firing'],
      [960_000, 'resolved'],
    ]);
    simulation.expectAlerts('59s', []);
    simulation.expectAlerts('1m', [{ rule: 'burst', severity: 'medium', state: 'firing' }]);
    simulation.expectAlerts('12m', [{ rule: 'burst', state: 'recovering' }]);
    simulation.expectAlerts('16m', []);
    expect(simulation.lengthMs).toBe(3_660_000);
    expect(simulation.undeliveredCount).toBe(0);
    expect(simulation.toString()).toMatch(/^burst +·+#+~+·+$/m);
    expect(simulation.notifications[0]?.notification.firing[0]?.samples).toEqual([
      { message: 'Error: card declined', count: 4 },
    ]);
  });

  it('gives the same twice, and is not held up by real time', async () => {
    const options = {
      events: [{ series: '0+1x20 _x5 9x3', every: '5m' as const }],
      for: '7d' as const,
    };
    const [one, other] = [await plain(options), await plain(options)];
    // Ids have a random part of their store.
    const known = one.transitions.map((step) => ({ ...step, id: '' }));
    expect(known).toEqual(other.transitions.map((step) => ({ ...step, id: '' })));
    expect(one.transitions.length).toBeGreaterThan(2);
  });

  it('counts errors a step, as the notation of promtool says', async () => {
    const events = [
      { series: '0 1 _ 0+1x3', every: '1m' as const, labels: { integration: 'shopify' } },
    ];
    // 1 + 1 + 2 at the fifth minute are 4 at the sixth step, over 3.
    const simulation = await plain({ events });
    expect(simulation.transitions[0]).toMatchObject({ atMs: 5 * 60_000, to: 'firing' });
  });

  it('gives outcomes and beats to their rules', async () => {
    const simulation = await simulate({
      rules: {
        partners: failures({ by: 'integration', consecutive: 3, severity: 'high' }),
        nightly: heartbeat({ every: '1h', grace: '10m', severity: 'high' }),
      },
      routes: [{ match: { rule: 'partners' }, to: ['ops'] }, { to: ['mail'] }],
      events: [
        { at: 0, beat: 'nightly' },
        { at: '1m', failure: 'timeout', labels: { integration: 'wave' }, count: 2 },
        { at: '2m', success: true, labels: { integration: 'wave' } },
        { at: '3m', failure: 'timeout', labels: { integration: 'wave' }, count: 2 },
        { at: '4m', failure: 'timeout', labels: { integration: 'shopify' }, count: 3 },
      ],
      for: '2h',
    });
    simulation.expectAlerts('3m', []);
    simulation.expectAlerts('4m', [
      { rule: 'partners', key: 'shopify', labels: { integration: 'shopify' } },
    ]);
    expect(simulation.sentTo('ops')[0]).toMatchObject({ atMs: 4 * 60_000, kind: 'firing' });
    expect(simulation.sentTo('mail').map(({ atMs }) => atMs)).toEqual([70 * 60_000]);
  });

  it('silences, acknowledges and has outages', async () => {
    const silenced = await plain({ silences: [{ at: 0, match: { rule: 'burst' }, for: '10m' }] });
    expect(silenced.sentTo('ops')[0]?.atMs).toBe(600_000);
    const events = [{ series: '4x60', every: '1m' as const }];
    const routes = [{ to: ['ops'], repeat: '10m' }] as const;
    const repeated = await plain({ events, routes });
    const taken = await plain({
      events,
      routes,
      acknowledgements: [{ at: '2m', rule: 'burst', by: 'ann' }],
    });
    const repeats = (one: typeof taken): number =>
      one.sentTo('ops').filter(({ kind }) => kind === 'repeat').length;
    expect(repeats(repeated)).toBeGreaterThanOrEqual(5);
    expect(repeats(taken)).toBe(0);
    const out = await plain({ outages: [{ at: 0, channel: 'ops', for: '5m' }] });
    expect(out.sentTo('ops')[0]?.atMs).toBeGreaterThanOrEqual(300_000);
    await expect(plain({ acknowledgements: [{ at: 0, rule: 'burst' }] })).rejects.toThrow(
      'Nothing of burst lasts at 0',
    );
  });

  it('sends nothing to the given channels, and keeps their rates', async () => {
    const simulation = await simulate({
      rules: { burst, other: spike({ over: 3, within: '1h' }) },
      channels: { ops: quiet },
      routes: [{ to: ['ops'] }],
      events: [{ at: 0, error: 'x', count: 4 }],
    });
    const [first, second] = simulation.sentTo('ops');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(60_000);
  });

  it('names what is wrong', async () => {
    await expect(plain({ routes: [] })).rejects.toThrow(InvalidOptionsError);
    await expect(plain({ events: [{ at: 'soon', error: 'x' }] as never })).rejects.toThrow(
      'events[0]',
    );
    await expect(plain({ events: [{ at: 0 }] as never })).rejects.toThrow(
      'events[0]: expected one of error',
    );
    await expect(plain({ events: [{ at: 0, error: 'x', count: -1 }] })).rejects.toThrow('count');
    await expect(plain({ events: [{ series: '1x?' }] })).rejects.toThrow(
      'Not a part of a series: 1x?',
    );
    await expect(plain({ events: [{ at: 0, error: 'x', count: 9e6 }] })).rejects.toThrow(
      'more than 5000000',
    );
  });
});
