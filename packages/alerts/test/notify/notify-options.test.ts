import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import {
  inhibitionSchema,
  muteWindowSchema,
  routeSchema,
} from '../../src/notify/notify-options.ts';
import { matchProblems, notifyProblems } from '../../src/notify/notify-problems.ts';
import { type NotifyOptions, notifySettingsOf } from '../../src/notify/notify-settings.ts';
import { ALL, RULES } from './world.ts';

function faults(schema: z.ZodType, value: unknown): readonly string[] {
  const result = schema.safeParse(value);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function problems(options: Partial<NotifyOptions>): readonly string[] {
  const found = notifyProblems({
    routes: [{ to: ['ops'] }],
    channels: { ops: {}, mail: {} },
    rules: RULES,
    service: 'billing',
    environment: 'production',
    ...options,
  });
  return found.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
}

describe('a route', () => {
  it('is given in milliseconds, with its defaults', () => {
    const route = routeSchema.parse({ to: ['ops'], wait: '30s' });
    const { routes } = notifySettingsOf({
      routes: [route],
      channels: { ops: {} },
      rules: RULES,
      service: 's',
      environment: 'e',
    });
    expect(routes[0]).toMatchObject({
      match: {},
      waitMs: 30_000,
      intervalMs: 30_000,
      repeat: { firstMs: 3_600_000, factor: 2, maxMs: 86_400_000 },
      escalate: [],
      mutes: [],
      sendsResolved: true,
    });
  });

  it.each([
    [{ first: '2d' }, { firstMs: 172_800_000, factor: 2, maxMs: 172_800_000 }],
    ['30m', { firstMs: 1_800_000, factor: 1, maxMs: 1_800_000 }],
    [false, undefined],
  ])('repeats %j', (repeat, expected) => {
    const route = routeSchema.parse({ to: ['ops'], repeat });
    const { routes } = notifySettingsOf({
      routes: [route],
      channels: { ops: {} },
      rules: RULES,
      service: 's',
      environment: 'e',
    });
    expect(routes[0]?.repeat).toEqual(expected);
  });

  it.each([
    [{ to: [] }, 'to: expected at least one channel'],
    [{ to: ['ops', 'ops'] }, 'to: expected each name once'],
    [{ to: ['ops'], groupBy: ['rule', 'rule'] }, 'groupBy: expected each name once'],
    [
      { to: ['ops'], wait: '2d' },
      "wait: expected a duration ('250ms', '5s', '90d', or milliseconds) of 0 ms or more and at most 1 days",
    ],
    [
      { to: ['ops'], repeat: 1 },
      "repeat: expected a duration ('250ms', '5s', '90d', or milliseconds) of 1000 ms or more and at most 366 days",
    ],
    [{ to: ['ops'], repeat: { first: '1h', max: '30m' } }, 'repeat.max: expected at least `first`'],
    [{ to: ['ops'], repeat: { first: '1h', factor: 0.5 } }, 'repeat.factor: expected 1 to 100'],
    [
      { to: ['ops'], escalate: [{ after: 0, to: ['mail'] }] },
      "escalate.0.after: expected a duration ('250ms', '5s', '90d', or milliseconds) of more than 0 ms and at most 366 days",
    ],
    [
      { to: ['ops'], match: { severity: 'urgent' } },
      'match.severity: expected low, medium, high, critical, or a list of them',
    ],
    [{ to: ['ops'], sendResolved: 'no' }, 'sendResolved: expected true or false'],
  ])('is refused: %j', (route, fault) => {
    expect(faults(routeSchema, route)).toEqual([fault]);
  });

  it.each([
    [{ to: ['slack'] }, "routes.0.to.0: no channel named 'slack', there is 'ops', 'mail'"],
    [
      { to: ['ops'], escalate: [{ after: 1, to: ['toString'] }] },
      "routes.0.escalate.0.to.0: no channel named 'toString', there is 'ops', 'mail'",
    ],
    [
      { to: ['ops'], escalate: [{ after: 1, to: ['ops'] }] },
      'routes.0.escalate.0.to: all of them are told before; expected a channel that is not',
    ],
    [
      { to: ['ops'], match: { rule: ['spike', 'spke'] } },
      "routes.0.match.rule: no rule named 'spke', there is 'spike', 'db', 'fresh'",
    ],
    [
      { to: ['ops'], mute: [{ match: { rule: 'x' }, times: '01:00-02:00' }] },
      "routes.0.mute.0.match.rule: no rule named 'x', there is 'spike', 'db', 'fresh'",
    ],
  ])('names what there is instead: %j', (route, problem) => {
    expect(problems({ routes: [route] })).toEqual([problem]);
  });

  const unreached =
    'no alert can reach it: no rule gives what it matches, or the routes before it take everything';
  it.each<[string, NotifyOptions['routes'], readonly number[]]>([
    ['after one that takes everything', [{ to: ['ops'] }, { to: ['mail'] }], [1]],
    [
      'whose rule does not give its severity',
      [{ match: { rule: 'fresh', severity: 'high' }, to: ['ops'] }],
      [0],
    ],
    [
      'whose kinds earlier ones take together',
      [
        { match: { severity: ['low', 'medium'] }, to: ['ops'] },
        { match: { severity: ['high', 'critical'] }, to: ['ops'] },
        { to: ['mail'] },
      ],
      [2],
    ],
    [
      'that is there twice, in other words',
      [
        { match: { labels: { a: ['1', '2'] } }, to: ['ops'] },
        { match: { labels: { a: ['2', '1'] } }, to: ['mail'] },
      ],
      [1],
    ],
    [
      'none: labels take only some',
      [{ match: { labels: { a: '1' } }, to: ['ops'] }, { to: ['mail'] }],
      [],
    ],
    [
      'none: each takes another severity',
      ALL.map((severity) => ({ match: { severity }, to: ['ops'] })),
      [],
    ],
  ])('is unreachable %s', (_, routes, indexes) => {
    expect(problems({ routes })).toEqual(indexes.map((index) => `routes.${index}: ${unreached}`));
  });
});

describe('a mute window', () => {
  it.each([
    [{ weekdays: 'Someday' }, "weekdays: expected days such as 'Sat-Sun' or 'Mon,Wed,Fri'"],
    [
      { times: '9-17' },
      "times: expected times of a day such as '22:00-06:00' or '00:00-06:00,12:00-13:00'",
    ],
    [{ timeZone: 'Europe/Atlantis' }, "timeZone: expected a time zone such as 'Europe/Berlin'"],
  ])('is refused: %j', (window, fault) => {
    expect(faults(muteWindowSchema, window)).toEqual([fault]);
  });

  it.each([
    [
      [{}],
      ['mute.0: the whole week is muted: nobody would ever be told; expected weekdays or times'],
    ],
    [
      [{ times: '00:00-12:00' }, { times: '12:00-24:00' }],
      ['mute.1: with the windows before it the whole week is muted: nobody would ever be told'],
    ],
    [[{ times: '00:00-12:00' }, { times: '12:00-24:00', timeZone: 'Europe/Berlin' }], []],
    [[{ times: '00:00-12:00' }, { times: '12:00-24:00', match: { rule: 'db' } }], []],
    [
      [{ match: { rule: 'fresh', severity: 'high' as const }, times: '00:00-12:00' }],
      ['mute.0.match.severity: no rule gives it, there is low'],
    ],
  ])('must leave a minute: %j', (mute, found) => {
    expect(problems({ mute })).toEqual(found);
  });
});

describe('an inhibition', () => {
  it('needs both sides', () => {
    expect(faults(inhibitionSchema, { source: {} })).toHaveLength(1);
  });

  const critical = {
    source: { severity: 'critical' as const },
    target: { severity: ['low', 'medium', 'high'] as const },
  };
  it.each<[string, NotifyOptions['inhibit'], readonly string[]]>([
    [
      'of itself',
      [{ source: { rule: 'db' }, target: { rule: ['db'] } }],
      ['inhibit.0: source and target are the same, and no alert inhibits itself'],
    ],
    [
      'by a rule that does not exist',
      [{ source: { rule: 'network' }, target: {} }],
      ["inhibit.0.source.rule: no rule named 'network', there is 'spike', 'db', 'fresh'"],
    ],
    [
      'in a circle',
      [
        { source: { rule: 'db' }, target: { rule: 'spike' } },
        { source: { rule: 'spike' }, target: { rule: 'db' } },
      ],
      [
        "inhibit.1: 'spike' (low) and 'db' (low) would inhibit each other, and nobody be told of either",
      ],
    ],
    [
      'in a circle of three',
      [
        { source: { rule: 'db' }, target: { rule: 'spike' } },
        { source: { rule: 'spike' }, target: { rule: 'fresh' } },
        { source: { rule: 'fresh' }, target: { rule: 'db' } },
      ],
      [
        "inhibit.2: 'fresh' (low) and 'db' (low) would inhibit each other, and nobody be told of either",
      ],
    ],
    [
      'that is sound',
      [critical, { source: { rule: 'db', severity: 'critical' }, target: { rule: 'spike' } }],
      [],
    ],
    [
      'kept apart by `equal`',
      [
        { ...critical, equal: ['rule'] },
        { source: { rule: 'db' }, target: { rule: 'spike' } },
      ],
      [],
    ],
    [
      'that labels decide',
      [
        { source: { labels: { a: '1' } }, target: { rule: 'db' } },
        { source: { rule: 'db' }, target: { labels: { a: '2' } } },
      ],
      [],
    ],
  ])('%s', (_, inhibit, found) => {
    expect(problems({ inhibit })).toEqual(found);
  });

  it('by severity and one by rule that cross are a circle', () => {
    const found = problems({
      inhibit: [critical, { source: { rule: 'db' }, target: { rule: 'spike' } }],
    });
    expect(found).toEqual([
      "inhibit.1: 'db' (low) and 'spike' (critical) would inhibit each other, and nobody be told of either",
    ]);
  });
});

it('a match by itself is checked for silences', () => {
  expect(matchProblems({ rule: 'nope' }, RULES, ['match'])).toEqual([
    { path: ['match', 'rule'], message: "no rule named 'nope', there is 'spike', 'db', 'fresh'" },
  ]);
  expect(matchProblems({ rule: 'db', severity: 'low' }, RULES, ['match'])).toEqual([]);
});
