import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, isWorse, SEVERITIES, type Severity } from '../../src/alert.ts';
import { factOf, matches } from '../../src/notify/match.ts';
import { mutedUntil } from '../../src/notify/mute-window.ts';
import type { Planned } from '../../src/notify/plan-group.ts';
import type { Route } from '../../src/notify/route.ts';
import { routeOf } from '../../src/notify/routing.ts';
import {
  acknowledged,
  alertOf,
  createWorld,
  ended,
  iso,
  type Stored,
  type World,
  type WorldOptions,
} from './world.ts';

// Random timelines of alerts, silences, acknowledgements and channels that fail, over routes of all
// kinds; every document goes through JSON between any two steps.

const CHANNELS = ['ops', 'pager', 'mail'] as const;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

const repeats: readonly Route['repeat'][] = [
  undefined,
  '15m',
  { first: '5m', factor: 3, max: '2h' },
  false,
];

const route = fc.record(
  {
    to: fc.subarray([...CHANNELS], { minLength: 1 }),
    groupBy: fc.constantFrom(undefined, [], ['rule'], ['integration'], ['severity', 'rule']),
    wait: fc.constantFrom(0, 5 * SECOND, 30 * SECOND),
    interval: fc.constantFrom(undefined, 0, 7 * SECOND, 60 * SECOND),
    repeat: fc.constantFrom(...repeats),
    escalate: fc.constantFrom(
      undefined,
      [{ after: '1m', unless: 'acknowledged', to: ['mail'] } as const],
      [{ after: '20s', to: ['pager', 'mail'] } as const],
    ),
    mute: fc.constantFrom(undefined, [{ times: '00:01-00:03' }]),
  },
  { requiredKeys: ['to'] },
);

const options: fc.Arbitrary<WorldOptions> = fc.record({
  routes: fc
    .tuple(route, route, route)
    .map(([critical, high, others]): Route[] => [
      { match: { severity: 'critical' }, ...critical },
      { match: { severity: ['high', 'medium'] }, ...high },
      others,
    ]),
  mute: fc.constantFrom([], [{ match: { severity: 'low' as const }, times: '00:02-00:10' }]),
  inhibit: fc.constantFrom(
    [],
    [{ source: { rule: 'db' }, target: { rule: 'spike' }, equal: ['integration'] }],
    [{ source: { severity: 'critical' as const }, target: {}, equal: ['rule'] }],
  ),
  isOnline: fc.boolean(),
});

type Act =
  | { readonly do: 'fire'; readonly series: number; readonly severity: Severity }
  | { readonly do: 'rise' | 'end' | 'recover' | 'acknowledge'; readonly series: number }
  | { readonly do: 'silence'; readonly rule: string | undefined; readonly forMs: number }
  | { readonly do: 'unsilence' | 'plan' }
  | { readonly do: 'wait'; readonly forMs: number }
  | { readonly do: 'deliver' | 'giveUp'; readonly channel: string };

const series = fc.nat(4);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fire' as const),
      series,
      severity: fc.constantFrom(...SEVERITIES),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('rise', 'end', 'end', 'recover', 'acknowledge'),
      series,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('silence' as const),
      rule: fc.constantFrom(undefined, 'spike', 'db'),
      forMs: fc.constantFrom(10 * SECOND, 100 * SECOND, HOUR),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('unsilence', 'plan') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      forMs: fc.constantFrom(
        1,
        SECOND,
        4_321,
        13 * SECOND,
        61 * SECOND,
        20 * 60 * SECOND,
        3 * HOUR,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('deliver', 'deliver', 'deliver', 'giveUp'),
      channel: fc.constantFrom(...CHANNELS),
    }),
  },
) as never;

/** Series 0 to 4: two of spike, two of db, one whose end is no news. */
function begin(index: number, epoch: number, severity: Severity, atMs: number): Alert {
  const rule = index === 4 ? 'fresh' : index < 2 ? 'spike' : 'db';
  return alertOf(`${rule}${index}-${epoch}`, {
    rule,
    epoch,
    severity: rule === 'fresh' ? 'low' : severity,
    labels: { integration: index % 2 === 0 ? 'shopify' : 'wave' },
    startedAt: iso(atMs),
  });
}

function worseThan({ severity, rule }: Alert): Severity {
  const next = SEVERITIES[SEVERITIES.indexOf(severity) + 1];
  return rule === 'fresh' ? severity : (next ?? severity);
}

/** @returns all alerts there were, as they were last, and what planning twice at one moment told again. */
function play(
  world: World,
  acts: readonly Act[],
  check: () => void,
): { readonly all: ReadonlyMap<string, Alert>; readonly again: readonly Planned[] } {
  const again: Planned[] = [];
  const all = new Map<string, Alert>();
  const current: (Alert | undefined)[] = [];
  const push = (alert: Alert, index: number): void => {
    all.set(alert.id, alert);
    current[index] = alert;
    world.push(alert);
  };
  let epoch = 0;
  for (const one of acts) {
    const alert = 'series' in one ? current[one.series] : undefined;
    const isActive = alert !== undefined && alert.state !== 'ok';
    if (one.do === 'wait') world.moveTo(world.nowMs + one.forMs);
    else if (one.do === 'deliver') world.deliver(one.channel);
    else if (one.do === 'giveUp') world.giveUp(one.channel);
    else if (one.do === 'silence') world.silences.push(silenceOf(world, one.rule, one.forMs));
    else if (one.do === 'unsilence') unsilence(world);
    else if (one.do === 'plan') {
      world.planAgain();
      again.push(...world.planAgain());
    } else if (one.do === 'fire') {
      if (!isActive) push(begin(one.series, (epoch += 1), one.severity, world.nowMs), one.series);
    } else if (isActive && 'series' in one) {
      push(changed(one.do, alert, world.nowMs), one.series);
    }
    check();
  }
  return { all, again };
}

function changed(
  what: 'rise' | 'end' | 'recover' | 'acknowledge',
  alert: Alert,
  atMs: number,
): Alert {
  if (what === 'rise') return { ...alert, state: 'firing', severity: worseThan(alert) };
  if (what === 'recover') return { ...alert, state: 'recovering' };
  return what === 'end' ? ended(alert, atMs) : acknowledged(alert, atMs);
}

function silenceOf(
  { nowMs }: World,
  rule: string | undefined,
  forMs: number,
): World['silences'][number] {
  const match = rule === undefined ? {} : { rule };
  return {
    id: 's',
    match,
    startsAt: iso(nowMs),
    endsAt: iso(nowMs + forMs),
    by: 'ann',
    reason: '',
  };
}

function unsilence(world: World): void {
  for (const [index, silence] of world.silences.entries()) {
    if (Date.parse(silence.endsAt) <= world.nowMs) continue;
    world.silences[index] = { ...silence, endsAt: iso(world.nowMs) };
  }
}

/** Told in the plainest way: whether nobody is to hear of the alert. */
function isSuppressed({ settings, silences, alerts }: World, alert: Alert, atMs: number): boolean {
  const windows = [...settings.mutes, ...(routeOf(settings, alert)?.mutes ?? [])];
  return (
    silences.some(
      ({ match, startsAt, endsAt }) =>
        matches(match, alert) && Date.parse(startsAt) <= atMs && atMs < Date.parse(endsAt),
    ) ||
    windows.some(
      (window) => matches(window.match, alert) && mutedUntil(window, atMs) !== undefined,
    ) ||
    settings.inhibitions.some(({ source, target, equal }) =>
      [...alerts.values()].some(
        (other) =>
          other.id !== alert.id &&
          matches(source, other) &&
          matches(target, alert) &&
          !(matches(source, alert) && matches(target, other)) &&
          equal.every((name) => factOf(alert, name) === factOf(other, name)),
      ),
    )
  );
}

function perAlert<T extends { readonly channel: string }>(
  messages: readonly T[],
  idsOf: (message: T) => { firing: readonly string[]; resolved: readonly string[] },
): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const message of messages) {
    const { firing, resolved } = idsOf(message);
    for (const [ids, letter] of [
      [firing, 'F'],
      [resolved, 'R'],
    ] as const) {
      for (const id of ids) {
        const key = `${message.channel} ${id}`;
        words.set(key, (words.get(key) ?? '') + letter);
      }
    }
  }
  return words;
}

/** What does not read as it should. */
function unlike(words: Iterable<readonly [string, string]>, form: RegExp): readonly string[] {
  return [...words].flatMap(([key, word]) => (form.test(word) ? [] : [`${key}: ${word}`]));
}

const ids = (alerts: readonly Alert[]): readonly string[] => alerts.map(({ id }) => id);

/** Checks what was stored since the last call, while the alerts are still what they were then. */
function createWatch(world: World): () => void {
  let seen = 0;
  return () => {
    for (const { notification, atMs } of world.stored.slice(seen)) {
      for (const alert of notification.firing) {
        expect(isSuppressed(world, alert, atMs), `${notification.text} at ${atMs}`).toBe(false);
      }
      expect(notification.firing.length + notification.resolved.length).toBeGreaterThan(0);
      // Nobody is reminded of what somebody took charge of, unless of something else too.
      const isReminder = notification.kind === 'repeat';
      const isTaken = notification.firing.every((alert) => alert.acknowledged !== null);
      expect(isReminder && isTaken).toBe(false);
      expect(notification.text.length).toBeLessThanOrEqual(500);
    }
    seen = world.stored.length;
  };
}

/** The shortest pause that any route allows before its repeat of this number. */
function shortestPause({ settings }: World, repeatCount: number): number {
  const pauses = settings.routes.flatMap(({ repeat }) =>
    repeat === undefined
      ? []
      : [Math.min(repeat.firstMs * repeat.factor ** (repeatCount - 1), repeat.maxMs)],
  );
  return Math.min(...pauses);
}

function checkRepeats(world: World): void {
  const last = new Map<string, Stored>();
  for (const stored of world.stored) {
    const { kind, group, repeatCount } = stored.notification;
    const key = `${stored.channel} ${group}`;
    const before = last.get(key);
    const pauseMs = stored.atMs - (before?.atMs ?? -Infinity);
    expect(pauseMs).toBeGreaterThanOrEqual(
      kind === 'repeat' ? shortestPause(world, repeatCount) : 0,
    );
    if (kind !== 'acknowledged') last.set(key, stored);
  }
}

/** Everything works again, nothing is silenced, for long enough for whatever was lost. */
function recover(world: World): void {
  unsilence(world);
  for (let hour = 0; hour < 27; hour += 1) {
    world.moveTo(world.nowMs + HOUR);
    for (const channel of CHANNELS) world.deliver(channel);
  }
}

describe('on random timelines', { timeout: 30_000 }, () => {
  it('tells each channel of each alert that it fires, then that it is over, and nothing suppressed', () => {
    fc.assert(
      fc.property(options, fc.array(act, { maxLength: 60 }), (given, acts) => {
        const world = createWorld(given);
        const { again } = play(world, acts, createWatch(world));
        expect(again).toEqual([]);
        const words = perAlert(world.stored, ({ notification }) => ({
          firing: ids(notification.firing),
          resolved: ids(notification.resolved),
        }));
        expect(unlike(words, /^F+R?$/)).toEqual([]);
        checkRepeats(world);
      }),
      { numRuns: 200 },
    );
  });

  it('brings it to the receiver in this order, and in the end everything, whatever is delayed or given up', () => {
    fc.assert(
      fc.property(options, fc.array(act, { maxLength: 60 }), (given, acts) => {
        const world = createWorld({ ...given, isOnline: false });
        const { all } = play(world, acts, () => undefined);
        recover(world);
        const heard = perAlert(world.received, ({ notification, isCatchUp }) => ({
          firing: isCatchUp
            ? [...ids(notification.firing), ...ids(notification.resolved)]
            : ids(notification.firing),
          resolved: ids(notification.resolved),
        }));
        // A catch-up may tell a beginning and an end at once, and both again.
        expect(unlike(heard, /^F+(R(FR)*)?$/)).toEqual([]);
        const over = [...heard].filter(([key]) => {
          const alert = all.get(key.split(' ')[1] ?? '');
          return alert?.state === 'ok' && alert.rule !== 'fresh' && !world.lostEnds.has(key);
        });
        expect(unlike(over, /R$/)).toEqual([]);
        for (const alert of world.alerts.values()) {
          if (isSuppressed(world, alert, world.nowMs)) continue;
          for (const channel of routeOf(world.settings, alert)?.to ?? []) {
            const told = world.received.flatMap(({ notification, channel: to }) =>
              to === channel ? notification.firing.filter(({ id }) => id === alert.id) : [],
            );
            const isKnown = told.some(({ severity }) => !isWorse(alert.severity, severity));
            expect(isKnown, `${channel} knows that ${alert.id} is ${alert.severity}`).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
