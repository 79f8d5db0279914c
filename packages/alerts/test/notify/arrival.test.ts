import { describe, expect, it } from 'vitest';
import { admit, disband } from '../../src/notify/admit.ts';
import { delivered, forget } from '../../src/notify/arrival.ts';
import { toldBefore } from '../../src/notify/group.ts';
import { homeKeyOf } from '../../src/notify/routing.ts';
import { alertOf, createWorld, ended, type World } from './world.ts';

const HOUR = 3_600_000;
const x = alertOf('x');
const y = alertOf('y');

function offline(repeat?: '1h' | false): World {
  return createWorld({ routes: [{ to: ['ops'], groupBy: [], repeat }], isOnline: false });
}

function arrived(world: World): readonly string[] {
  return world.received.map(({ notification: { kind, firing, resolved } }) =>
    [kind, ...firing.map(({ id }) => `+${id}`), ...resolved.map(({ id }) => `-${id}`)].join(' '),
  );
}

describe('what is told after an outage of the channel', () => {
  it('is that it began and ended, where both are news', () => {
    const world = offline();
    world.push(x);
    world.push(ended(x, 720_000));
    world.deliver('ops');
    expect(arrived(world)).toEqual(['fired-and-resolved -x']);
    expect(world.received[0]?.notification.text).toBe(
      'FIRED (high) AND RESOLVED after 12m: spike in billing (production): 142 errors in the last 1h, over 100',
    );
  });

  it('is that it is over, where the channel knew that it fires', () => {
    const world = offline('1h');
    world.push(x);
    world.deliver('ops');
    world.moveTo(HOUR);
    world.push(ended(x, HOUR));
    world.deliver('ops');
    expect(arrived(world)).toEqual(['firing +x', 'resolved -x']);
  });

  it('has every end that did not arrive, also of those that are no longer in the group', () => {
    const world = offline();
    world.push(x);
    world.deliver('ops');
    world.push(ended(x, 1));
    world.moveTo(HOUR / 2);
    world.push(y);
    world.deliver('ops');
    expect(arrived(world)).toEqual(['firing +x', 'firing +y -x']);
  });

  it('has no end that did arrive', () => {
    const world = offline();
    world.push(x);
    world.push(ended(x, 1));
    world.deliver('ops');
    world.push(y);
    world.push({ ...y, severity: 'critical' });
    world.deliver('ops');
    expect(arrived(world)).toEqual(['fired-and-resolved -x', 'firing +y']);
  });

  it('is not kept for longer than a message is tried', () => {
    const world = offline();
    world.push(x);
    world.push(ended(x, 1));
    expect(world.groups.size).toBe(1);
    world.moveTo(24 * HOUR);
    expect(world.groups.size).toBe(0);
  });

  it('stays bounded however long it lasts', () => {
    const world = offline(false);
    for (let count = 0; count < 100; count += 1) {
      const alert = alertOf(`a${count}`, { samples: [{ message: 'm'.repeat(200), count: 1 }] });
      world.push(alert);
      world.push(ended(alert, count));
    }
    const [group] = world.groups.values();
    expect(group?.channels['ops']?.unconfirmed).toHaveLength(20);
    expect(JSON.stringify(group).length).toBeLessThan(50_000);
  });
});

describe('what was given up', () => {
  it('is told again when the repeat is due, not sooner, and each time later', () => {
    const world = createWorld({ routes: [{ to: ['ops'] }], isOnline: false });
    world.push(x);
    world.giveUp('ops');
    expect(world.stored).toHaveLength(1);
    world.moveTo(HOUR);
    world.giveUp('ops');
    world.moveTo(24 * HOUR);
    expect(world.stored.map(({ atMs, notification }) => [atMs / HOUR, notification.kind])).toEqual([
      [0, 'firing'],
      [1, 'firing'],
      [3, 'firing'],
      [7, 'repeat'],
      [15, 'repeat'],
    ]);
  });

  it.each([false, '1h'] as const)('has no end to tell, with repeat %s', (repeat) => {
    const world = offline(repeat);
    world.push(x);
    world.giveUp('ops');
    world.push(ended(x, 1));
    world.deliver('ops');
    expect(arrived(world)).toEqual([]);
  });

  it('still has an end when only a repeat was lost', () => {
    const world = offline('1h');
    world.push(x);
    world.deliver('ops');
    world.moveTo(HOUR);
    world.giveUp('ops');
    world.push(ended(x, HOUR));
    world.deliver('ops');
    expect(arrived(world)).toEqual(['firing +x', 'resolved -x']);
  });

  it('is told as risen when only the rise was lost', () => {
    const world = offline('1h');
    world.push(x);
    world.deliver('ops');
    world.push({ ...x, severity: 'critical' });
    world.giveUp('ops');
    world.moveTo(HOUR);
    world.deliver('ops');
    expect(world.received.map(({ notification }) => notification.firing[0]?.severity)).toEqual([
      'high',
      'critical',
    ]);
  });

  it('is not lost where a later message that still waits names it', () => {
    const world = offline('1h');
    world.push(x);
    const [group] = world.groups.values();
    if (group === undefined) throw new Error('no group');
    world.push(y);
    const [later] = world.groups.values();
    if (later === undefined) throw new Error('no group');
    const after = forget(later, 'ops', 'm1');
    expect(after.members['x']?.told['ops']).toMatchObject({
      severity: 'high',
      firstIn: 'm2',
      isLost: false,
    });
    expect(forget(group, 'ops', 'm1').members['x']?.told['ops']).toMatchObject({
      severity: null,
      isLost: true,
    });
  });

  it('changes nothing where the message or channel is not known', () => {
    const world = offline();
    world.push(x);
    const [group] = world.groups.values();
    if (group === undefined) throw new Error('no group');
    expect(forget(group, 'ops', 'm9')).toBe(group);
    expect(delivered(group, 'constructor', 'm1')).toBe(group);
  });
});

describe('what was told in another way', () => {
  const world = createWorld({ routes: [{ to: ['ops', 'mail'] }] });
  const key = homeKeyOf(world.settings, x) ?? '';

  it('is not told twice, while the others are told at once, and both hear of the end', () => {
    const group = admit(world.settings, new Map(), x, 0, { ops: toldBefore('high') }).get(key);
    expect(group?.members['x']).toMatchObject({ newsAtMs: 0, told: { ops: { severity: 'high' } } });
    const later = createWorld({ routes: [{ to: ['ops', 'mail'] }] });
    later.push(x);
    expect(later.stored.map(({ channel }) => channel)).toEqual(['mail', 'ops']);
  });

  it('goes along when the route of its group is gone, also when it has ended', () => {
    world.push(x);
    const [group] = world.groups.values();
    if (group === undefined) throw new Error('no group');
    const [found] = disband(group);
    expect(found?.alert.id).toBe('x');
    const next = createWorld({ routes: [{ match: { severity: 'high' }, to: ['ops', 'mail'] }] });
    const admitted = admit(next.settings, new Map(), ended(x, 1), 5, found?.told);
    const [moved] = admitted.values();
    expect(moved?.key).toBe(homeKeyOf(next.settings, x));
    expect(moved?.members['x']).toMatchObject({ newsAtMs: 5, alert: { state: 'ok' } });
    expect(Object.keys(moved?.members['x']?.told ?? {}).toSorted()).toEqual(['mail', 'ops']);
  });

  it('is taken over by a group that left these channels to the one that is gone', () => {
    const settings = createWorld({
      routes: [
        { match: { severity: 'critical' }, to: ['ops', 'pager'] },
        { to: ['ops'], groupBy: [] },
      ],
    });
    settings.push(x);
    const worse = { ...x, severity: 'critical' as const };
    settings.push(worse);
    const home = homeKeyOf(settings.settings, worse) ?? '';
    const groups = settings.groups;
    expect(groups.get(home)?.members['x']?.elsewhere).toEqual(['ops']);
    const old = [...groups.values()].find(({ key: one }) => one !== home);
    const told = old === undefined ? {} : disband(old)[0]?.told;
    const kept = new Map([...groups].filter(([one]) => one === home));
    const after = admit(settings.settings, kept, worse, 9, told).get(home)?.members['x'];
    expect(after?.elsewhere).toEqual([]);
    expect(Object.keys(after?.told ?? {}).toSorted()).toEqual(['ops', 'pager']);
  });
});
