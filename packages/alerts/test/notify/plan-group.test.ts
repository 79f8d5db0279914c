import { describe, expect, it } from 'vitest';
import { planGroup } from '../../src/notify/plan-group.ts';
import type { Route } from '../../src/notify/route.ts';
import { acknowledged, alertOf, createWorld, ended, iso, type World } from './world.ts';

const MINUTE = 60_000;
const x = alertOf('x');
const y = alertOf('y');

/** `ops firing +x -y`, since the last call. */
function createLog(world: World): () => readonly string[] {
  let seen = 0;
  return () => {
    const lines = world.stored
      .slice(seen)
      .map(({ channel, notification: { kind, firing, resolved } }) =>
        [
          channel,
          kind,
          ...firing.map(({ id }) => `+${id}`),
          ...resolved.map(({ id }) => `-${id}`),
        ].join(' '),
      );
    seen = world.stored.length;
    return lines;
  };
}

function worldOf(...routes: readonly Route[]) {
  const world = createWorld({ routes });
  return { world, sent: createLog(world) };
}

function silence(world: World, match: World['silences'][number]['match'], forMs: number): void {
  const { nowMs } = world;
  world.silences.push({
    id: 's',
    match,
    startsAt: iso(nowMs),
    endsAt: iso(nowMs + forMs),
    by: 'ann',
    reason: 'deploy',
  });
}

describe('one alert by itself', () => {
  it('is told at once, and its end, and then nothing is left', () => {
    const { world, sent } = worldOf({ to: ['ops'] });
    world.push(x);
    world.push(ended(x, 5));
    expect(sent()).toEqual(['ops firing +x', 'ops resolved -x']);
    expect(world.groups.size).toBe(0);
  });

  it('is not told at all when it ends while it waits', () => {
    const { world, sent } = worldOf({ to: ['ops'], wait: '30s' });
    world.push(x);
    world.moveTo(29_999);
    world.push(ended(x, 29_999));
    world.moveTo(MINUTE);
    expect(sent()).toEqual([]);
    expect(world.groups.size).toBe(0);
  });

  it('has no end to tell where an end is no news', () => {
    const { world, sent } = worldOf({ to: ['ops'] });
    const fresh = alertOf('f', { rule: 'fresh', severity: 'low' });
    world.push(fresh);
    world.push(ended(fresh, 5));
    expect(sent()).toEqual(['ops firing +f']);
    expect(world.groups.size).toBe(0);
  });

  it('is repeated after 1 h, 2 h, 4 h … 24 h, counted from the message before', () => {
    const { world } = worldOf({ to: ['ops'] });
    world.push(x);
    world.moveTo(200 * 60 * MINUTE);
    const hours = world.stored.map(({ atMs, notification }) => [
      atMs / (60 * MINUTE),
      notification.repeatCount,
    ]);
    expect(hours).toEqual([
      [0, 0],
      [1, 1],
      [3, 2],
      [7, 3],
      [15, 4],
      [31, 5],
      [55, 6],
      [79, 7],
      [103, 8],
      [127, 9],
      [151, 10],
      [175, 11],
      [199, 12],
    ]);
  });

  it('is not repeated where the route says so', () => {
    const { world, sent } = worldOf({ to: ['ops'], repeat: false });
    world.push(x);
    world.moveTo(1_000 * 60 * MINUTE);
    expect(sent()).toEqual(['ops firing +x']);
  });

  it('is repeated once, not five times, when nobody ran for five hours', () => {
    const { world, sent } = worldOf({ to: ['ops'], repeat: '1h' });
    world.push(x);
    const [group] = world.groups.values();
    if (group === undefined) throw new Error('no group');
    const settings = { ...world.settings };
    const plan = planGroup(group, {
      settings,
      nowMs: 300 * MINUTE,
      silences: [],
      alerts: [],
      newId: () => 'm',
      isDegraded: false,
    });
    expect(plan.planned.map(({ notification }) => notification.kind)).toEqual(['repeat']);
    expect(plan.dueAtMs).toBe(360 * MINUTE);
    expect(sent()).toEqual(['ops firing +x']);
  });
});

describe('a group', () => {
  it('is told that one of two is over as news of what still fires', () => {
    const { world, sent } = worldOf({ to: ['ops'], groupBy: ['rule'] });
    world.push(x, y);
    world.push(ended(x, 5));
    world.push(ended(y, 6));
    expect(sent()).toEqual(['ops firing +x +y', 'ops firing +y -x', 'ops resolved -y']);
    expect(world.stored[1]?.notification.text).toBe(
      'FIRING (high): spike in billing (production): 142 errors in the last 1h, over 100; RESOLVED: spike after 5ms',
    );
  });

  it('waits for more only before its first message, then for the next interval', () => {
    const { world, sent } = worldOf({
      to: ['ops'],
      groupBy: [],
      wait: '30s',
      interval: '5m',
      repeat: false,
    });
    world.push(x);
    world.moveTo(30_000);
    expect(sent()).toEqual(['ops firing +x']);
    world.push(y);
    world.moveTo(30_000 + 5 * MINUTE - 1);
    expect(sent()).toEqual([]);
    world.moveTo(30_000 + 5 * MINUTE);
    expect(sent()).toEqual(['ops firing +x +y']);
  });

  it('of 1,000 alerts lists 50, counts all, and tells all of them', { timeout: 30_000 }, () => {
    const { world } = worldOf({ to: ['ops'], groupBy: ['rule'], wait: '1s' });
    const samples = [{ message: 'm'.repeat(200), count: 1 }];
    const alerts = Array.from({ length: 1_000 }, (_, index) =>
      alertOf(`a${index}`, { key: `k${index}`, samples }),
    );
    world.push(...alerts);
    world.moveTo(1_000);
    const [message, ...others] = world.stored;
    expect(others).toEqual([]);
    expect(message?.notification.firing).toHaveLength(50);
    expect(message?.alertIds).toHaveLength(1_000);
    expect(message?.notification.text).toMatch(
      /^FIRING \(high\): 1000 alerts of rule spike in billing \(production\): spike\/k0: .*; and 997 more$/,
    );
    const [group] = world.groups.values();
    expect(JSON.stringify(group).length).toBeLessThan(1_000_000);
    world.push(...alerts.slice(0, 60).map((alert) => ended(alert, 2_000)));
    world.moveTo(60_000);
    const last = world.stored[1];
    expect(last?.notification.text).toContain('FIRING (high): 940 alerts of rule spike');
    expect(last?.notification.text).toMatch(/; RESOLVED: .*; and 57 more$/);
    expect(last?.notification.resolved).toHaveLength(50);
    expect(last?.alertIds).toHaveLength(1_000);
  });
});

describe('a rise of severity', () => {
  const routes: readonly Route[] = [
    { match: { severity: 'critical' }, to: ['pager', 'ops'], repeat: '30m' },
    { to: ['ops', 'mail'], groupBy: ['rule'], wait: '30s' },
  ];
  const worse = { ...x, severity: 'critical' as const };

  it('is told at once by the route of the new severity, to each channel once', () => {
    const { world, sent } = worldOf(...routes);
    world.push(x, y);
    world.moveTo(30_000);
    expect(sent()).toEqual(['mail firing +x +y', 'ops firing +x +y']);
    world.push(worse);
    expect(sent()).toEqual(['ops escalated +x +y', 'pager firing +x']);
  });

  it('is in the message thread in which a channel was told first, and so is the end', () => {
    const { world } = worldOf(...routes);
    world.push(x);
    world.moveTo(30_000);
    world.push(worse);
    world.push(ended(worse, 40_000));
    world.moveTo(90_000);
    const groupsOf = (channel: string) =>
      new Set(
        world.stored
          .filter((stored) => stored.channel === channel)
          .map(({ notification }) => notification.group),
      );
    expect([groupsOf('ops').size, groupsOf('mail').size, groupsOf('pager').size]).toEqual([
      1, 1, 1,
    ]);
    const ends = world.stored.filter(({ notification }) => notification.kind === 'resolved');
    expect(ends.map(({ channel }) => channel).toSorted()).toEqual(['mail', 'ops', 'pager']);
  });

  it('is repeated as the new route wants it, to its channels only', () => {
    const { world, sent } = worldOf(...routes);
    world.push(x);
    world.moveTo(30_000);
    world.push(worse);
    sent();
    world.moveTo(30_000 + 30 * MINUTE);
    expect(sent().toSorted()).toEqual(['ops repeat +x', 'pager repeat +x']);
  });

  it('does not wait for those who were not told yet', () => {
    const { world, sent } = worldOf(...routes);
    world.push(x);
    world.push(worse);
    expect(sent()).toEqual(['ops firing +x', 'pager firing +x']);
    world.moveTo(MINUTE);
    expect(sent()).toEqual([]);
  });

  it('within one route does not wait either, and takes along what waits', () => {
    const { world, sent } = worldOf({ to: ['ops'], groupBy: [], wait: '30s', interval: '5m' });
    world.push(x);
    world.moveTo(30_000);
    world.push(y);
    world.moveTo(40_000);
    expect(sent()).toEqual(['ops firing +x']);
    world.push(worse);
    expect(sent()).toEqual(['ops escalated +x +y']);
  });

  it('to where no route is leaves those who know it to hear of the end', () => {
    const { world, sent } = worldOf({ match: { severity: 'high' }, to: ['ops'] });
    world.push(x);
    world.push(worse);
    world.moveTo(100 * 60 * MINUTE);
    world.push(ended(worse, 1));
    expect(sent()).toEqual(['ops firing +x', 'ops resolved -x']);
  });
});

describe('escalation', () => {
  const routes: readonly Route[] = [
    {
      match: { severity: 'critical' },
      to: ['ops'],
      escalate: [{ after: '10m', unless: 'acknowledged', to: ['mail'] }],
    },
    { to: ['ops'] },
  ];
  const critical = { ...x, severity: 'critical' as const };

  it('tells more channels of what lasts, and they hear of the end', () => {
    const { world, sent } = worldOf(...routes);
    world.push(critical);
    world.moveTo(10 * MINUTE - 1);
    expect(sent()).toEqual(['ops firing +x']);
    world.moveTo(10 * MINUTE);
    expect(sent()).toEqual(['mail escalated +x']);
    world.push(ended(critical, 11 * MINUTE));
    expect(sent()).toEqual(['mail resolved -x', 'ops resolved -x']);
  });

  it('does not come when somebody took charge, unless it is meant to', () => {
    const { world, sent } = worldOf(...routes);
    world.push(critical);
    world.push(acknowledged(critical, 1));
    world.moveTo(100 * 60 * MINUTE);
    expect(sent()).toEqual(['ops firing +x']);
    const always = worldOf({ to: ['ops'], escalate: [{ after: '10m', to: ['mail'] }] });
    always.world.push(acknowledged(x, 1));
    always.world.moveTo(10 * MINUTE);
    expect(always.sent()).toEqual(['ops firing +x', 'mail escalated +x']);
  });

  it('counts from when it became critical, and from the end of a silence', () => {
    const { world, sent } = worldOf(...routes);
    world.push(x);
    world.moveTo(50 * MINUTE);
    silence(world, {}, 5 * MINUTE);
    world.push(critical);
    world.moveTo(65 * MINUTE - 1);
    expect(sent()).toEqual(['ops firing +x', 'ops escalated +x']);
    world.moveTo(65 * MINUTE);
    expect(sent()).toEqual(['mail escalated +x']);
  });
});

describe('an acknowledgement', () => {
  it('goes to channels that take them, once, and ends the repeats', () => {
    const { world, sent } = worldOf({ to: ['ops', 'pager'], repeat: '1m' });
    world.push(x);
    world.push(acknowledged(x, 1));
    world.moveTo(60 * MINUTE);
    expect(sent()).toEqual(['ops firing +x', 'pager firing +x', 'pager acknowledged +x']);
    expect(world.stored[2]?.notification.text).toBe(
      'ACKNOWLEDGED by ann (high): spike in billing (production): 142 errors in the last 1h, over 100',
    );
    world.push(ended(acknowledged(x, 1), 2));
    expect(sent()).toEqual(['ops resolved -x', 'pager resolved -x']);
  });

  it('that came during the wait follows the message that tells of the alert', () => {
    const { world, sent } = worldOf({ to: ['pager'], wait: '30s' });
    world.push(x);
    world.push(acknowledged(x, 1));
    expect(sent()).toEqual([]);
    world.moveTo(60 * MINUTE);
    expect(sent()).toEqual(['pager firing +x', 'pager acknowledged +x']);
  });

  it('does not hide a rise', () => {
    const { world, sent } = worldOf({ to: ['ops'] });
    world.push(acknowledged(x, 1));
    world.push({ ...acknowledged(x, 1), severity: 'critical' });
    expect(sent()).toEqual(['ops firing +x', 'ops escalated +x']);
  });
});

describe('suppression', () => {
  it('lets good news through, and tells what still fires when it ends', () => {
    const { world, sent } = worldOf({ to: ['ops'] });
    world.push(x);
    silence(world, {}, 10 * MINUTE);
    world.push(y);
    world.push(ended(x, 1));
    expect(sent()).toEqual(['ops firing +x', 'ops resolved -x']);
    world.moveTo(10 * MINUTE - 1);
    expect(sent()).toEqual([]);
    world.moveTo(10 * MINUTE);
    expect(sent()).toEqual(['ops firing +y']);
  });

  it('of one that is left when the rest of its group is over makes it news afterwards', () => {
    const { world, sent } = worldOf({ to: ['ops'], groupBy: [] });
    world.push(x, { ...y, rule: 'db' });
    silence(world, { rule: 'db' }, MINUTE);
    world.push(ended(x, 1));
    world.moveTo(MINUTE);
    expect(sent()).toEqual(['ops firing +x +y', 'ops resolved -x', 'ops firing +y']);
  });

  it('by a mute window is looked at again when the window ends, and not before', () => {
    const { world, sent } = worldOf({
      to: ['ops'],
      mute: [{ times: '00:00-06:00', timeZone: 'Europe/Berlin' }],
    });
    world.push(x);
    const [group] = world.groups.values();
    if (group === undefined) throw new Error('no group');
    const context = {
      settings: world.settings,
      nowMs: 0,
      silences: [],
      alerts: [],
      newId: () => 'm',
      isDegraded: false,
    };
    // 1970 began at 01:00 in Berlin.
    expect(planGroup(group, context).dueAtMs).toBe(5 * 60 * MINUTE);
    world.moveTo(5 * 60 * MINUTE);
    expect(sent()).toEqual(['ops firing +x']);
  });

  it('of one does not cut short the wait of another', () => {
    const { world, sent } = worldOf({ to: ['ops'], groupBy: [], wait: '30s', interval: '5m' });
    silence(world, { rule: 'db' }, 10 * MINUTE);
    world.push({ ...y, rule: 'db' });
    world.moveTo(31_000);
    world.push(x);
    world.moveTo(5 * MINUTE + 29_999);
    expect(sent()).toEqual([]);
    world.moveTo(5 * MINUTE + 30_000);
    expect(sent()).toEqual(['ops firing +x']);
  });

  it('does not bring news of two alerts of a group apart', () => {
    const { world, sent } = worldOf({ to: ['ops'], groupBy: [] });
    silence(world, {}, MINUTE);
    world.push(x);
    world.moveTo(20_000);
    world.push(y);
    world.moveTo(MINUTE);
    expect(sent()).toEqual(['ops firing +x +y']);
  });
});
