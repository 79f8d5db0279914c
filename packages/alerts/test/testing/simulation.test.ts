import { describe, expect, it } from 'vitest';
import { createSimulation, type SimulatedTransition } from '../../src/testing/simulation.ts';

const facts = { labels: {}, reason: 'why', key: null } as const;
const step = (
  atMs: number,
  id: string,
  from: SimulatedTransition['from'],
  to: SimulatedTransition['to'],
  changed: Partial<SimulatedTransition> = {},
): SimulatedTransition => ({
  ...facts,
  atMs,
  id,
  rule: 'r',
  from,
  to,
  severity: 'low',
  ...changed,
});

const simulation = createSimulation({
  lengthMs: 3_600_000,
  undeliveredCount: 0,
  observations: [
    { atMs: 0, states: new Map([['r', 'ok']]) },
    {
      atMs: 1,
      states: new Map([
        ['r', 'firing'],
        ['q/shopify', 'no-data'],
      ]),
    },
    {
      atMs: 2,
      states: new Map([
        ['r', 'pending'],
        ['q/shopify', 'recovering'],
      ]),
    },
  ],
  transitions: [
    step(60_000, 'a', 'ok', 'firing'),
    step(60_000, 'b', 'ok', 'firing', { key: 'shopify', labels: { integration: 'shopify' } }),
    step(90_000, 'a', 'firing', 'firing', { severity: 'high' }),
    step(120_000, 'a', 'firing', 'recovering', { severity: 'high' }),
    step(180_000, 'a', 'recovering', 'ok', { severity: 'high' }),
  ],
  notifications: [
    { atMs: 61_000, channel: 'ops', kind: 'firing', text: 'FIRING', notification: {} as never },
  ],
});

describe('createSimulation', () => {
  it('knows what lasted at a time', () => {
    const at = (time: '59s' | '1m' | '2m' | '3m'): unknown[] =>
      simulation.alertsAt(time).map(({ id, state, severity }) => [id, state, severity]);
    expect(at('59s')).toEqual([]);
    expect(at('1m')).toEqual([
      ['a', 'firing', 'low'],
      ['b', 'firing', 'low'],
    ]);
    expect(at('2m')).toEqual([
      ['a', 'recovering', 'high'],
      ['b', 'firing', 'low'],
    ]);
    expect(at('3m')).toEqual([['b', 'firing', 'low']]);
  });

  it('takes what is expected, in any order and as far as it is said', () => {
    simulation.expectAlerts(0, []);
    simulation.expectAlerts('1m', [{ rule: 'r' }, { rule: 'r' }]);
    simulation.expectAlerts('1m', [{ rule: 'r' }, { rule: 'r', key: null }]);
    simulation.expectAlerts('1m', [
      { rule: 'r', labels: { integration: 'shopify' } },
      { rule: 'r', severity: 'low' },
    ]);
    simulation.expectAlerts('2m', [
      { rule: 'r', key: 'shopify', state: 'firing' },
      { rule: 'r', state: 'recovering' },
    ]);
    expect(simulation.sentTo('ops')).toHaveLength(1);
    expect(simulation.sentTo('other')).toEqual([]);
  });

  it('refuses what is missing, what is too much and what is another, and shows both', () => {
    for (const expected of [
      [],
      [{ rule: 'r' }],
      [{ rule: 'r' }, { rule: 'q' }],
      [
        { rule: 'r', key: 'shopify' },
        { rule: 'r', key: 'shopify' },
      ],
      [{ rule: 'r', severity: 'high' as const }, { rule: 'r' }],
      [{ rule: 'r' }, { rule: 'r' }, { rule: 'r' }],
    ]) {
      expect(() => simulation.expectAlerts('1m', expected)).toThrow(
        /^At 1m expected .*, found .*integration/s,
      );
    }
    expect(() => simulation.expectAlerts(-1, [])).toThrow('expected a duration');
  });

  it('draws itself', () => {
    expect(simulation.toString()).toBe(
      [
        '           0 1h',
        'r          ·#-',
        'q/shopify  ·?~',
        '· ok   ? no data   - pending   # firing   ~ recovering',
        '',
        '1m     r          ok → firing (low)           why',
        '1m     r/shopify  ok → firing (low)           why',
        '1m1s   → ops      firing                      FIRING',
        '1m30s  r          firing → firing (high)      why',
        '2m     r          firing → recovering (high)  why',
        '3m     r          recovering → ok (high)      why',
      ].join('\n'),
    );
  });
});
