import { describe, expect, it } from 'vitest';
import { matches } from '../../src/notify/match.ts';
import type { Route } from '../../src/notify/route.ts';
import {
  groupKeyOf,
  groupKeysOf,
  idOfRoute,
  routeIdOf,
  routeOf,
} from '../../src/notify/routing.ts';
import type { AlertMatch } from '../../src/silence.ts';
import { alertOf, createWorld } from './world.ts';

const { settings } = createWorld({
  routes: [
    { match: { labels: { test: ['1', '2'] } }, to: ['ops'] },
    { match: { rule: 'db', severity: ['high', 'critical'] }, to: ['pager'] },
    { match: { severity: 'critical' }, to: ['mail'], groupBy: ['rule'] },
    { match: { severity: ['medium', 'high'] }, to: ['ops'], groupBy: ['rule', 'region'] },
  ],
});
const alert = alertOf('x', { labels: { region: 'eu' } });

describe('the route of an alert', () => {
  it.each([
    ['by a label', { labels: { test: '2' } }, ['ops']],
    ['not by a part of it', { labels: { test: '12' }, severity: 'critical' as const }, ['mail']],
    ['the first of two that match', { rule: 'db', severity: 'critical' as const }, ['pager']],
    ['by rule and severity, both', { rule: 'db', severity: 'medium' as const }, ['ops']],
    ['none', { severity: 'low' as const }, undefined],
  ])('is found %s', (_, facts, to) => {
    expect(routeOf(settings, alertOf('x', facts))?.to).toEqual(to);
  });

  it.each<[AlertMatch, boolean]>([
    [{}, true],
    [{ rule: [] }, false],
    [{ labels: {} }, true],
    [{ labels: { region: 'eu' } }, true],
    [{ labels: { region: 'eu', zone: 'a' } }, false],
    [{ labels: { constructor: 'x' } }, false],
    [{ labels: { rule: 'spike' } }, false],
  ])('matches %j: %s', (match, isMatch) => {
    expect(matches(match, alert)).toBe(isMatch);
  });
});

describe('the key of a group', () => {
  const grouped = settings.routes[3];
  const single = settings.routes[0];
  if (grouped === undefined || single === undefined) throw new Error('no route');

  it('has the values that its alerts have in common, and none for what they lack', () => {
    expect(groupKeyOf(grouped, alert)).toBe(`g:${grouped.id}/["spike","eu"]`);
    expect(groupKeyOf(grouped, alertOf('y'))).toBe(`g:${grouped.id}/["spike",null]`);
    expect(groupKeyOf(single, alert)).toBe(`g:${single.id}/x`);
    expect(routeIdOf(groupKeyOf(grouped, alert))).toBe(grouped.id);
  });

  it('tells values apart whatever is in them, fits into an index, and holds no NUL', () => {
    const hostile = ['a","b', 'a', '\u0000', '\ud800', '🔥'.repeat(100), `${'🔥'.repeat(99)}!!`];
    const keys = hostile.map((region) => groupKeyOf(grouped, alertOf('x', { labels: { region } })));
    expect(new Set(keys).size).toBe(hostile.length);
    const many = { ...grouped, groupBy: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] };
    const labels = Object.fromEntries(many.groupBy.map((name) => [name, '🔥'.repeat(50)]));
    const long = groupKeyOf(many, alertOf('x', { labels }));
    const other = groupKeyOf(many, alertOf('x', { labels: { ...labels, h: '!' } }));
    expect(Buffer.byteLength(long)).toBeLessThan(2_000);
    expect(long).not.toBe(other);
    expect([...keys, long].join('')).not.toContain('\u0000');
  });

  it('is among those of all severities that the alert has had, that of the present one first', () => {
    const worse = { ...alert, severity: 'critical' as const };
    const [critical, others] = [settings.routes[2], grouped];
    if (critical === undefined) throw new Error('no route');
    expect(groupKeysOf(settings, worse)).toEqual([
      groupKeyOf(critical, worse),
      groupKeyOf(others, alert),
    ]);
    expect(groupKeysOf(settings, { ...alert, severity: 'low' })).toEqual([]);
  });

  it('belongs to the same route after it was edited in what does not change who is a member', () => {
    const idOf = (route: Partial<Route>) => {
      const world = createWorld({
        routes: [{ to: ['ops'], match: { severity: ['high', 'medium'] }, ...route }],
      });
      return world.settings.routes[0]?.id;
    };
    expect(idOf({ repeat: '5m', to: ['mail'], match: { severity: ['medium', 'high'] } })).toBe(
      idOf({}),
    );
    expect(idOf({ groupBy: ['rule'] })).not.toBe(idOf({}));
    expect(idOf({ groupBy: [] })).not.toBe(idOf({}));
    expect(idOfRoute({ match: {}, groupBy: undefined })).toMatch(/^[\w-]{8}$/);
  });
});
