import { describe, expect, it } from 'vitest';
import { log, webhook } from '../src/channels/index.ts';
import { type AlertsOptions, createAlerts, spike } from '../src/index.ts';
import { refusalOf } from './refusal.ts';
import { recordingChannel, recordingLogger } from './setup.ts';

const good = {
  service: 'billing',
  environment: 'test',
  channels: { ops: recordingChannel(), log: recordingChannel() },
  rules: { errorSpike: spike({ over: 1, within: '1h', severity: { low: 1, high: 2 } }) },
  routes: [{ to: ['ops'] }],
};

/** Whose options, then each fault. */
const linesOf = (construct: () => unknown): string[] => {
  const { message } = refusalOf(construct);
  const [of = ''] = message.split(': ', 1);
  return [of, ...message.slice(of.length + 2).split('; ')];
};
const build = (options: object): unknown => {
  const all: AlertsOptions = { ...good, ...options };
  return createAlerts(all);
};
const refusal = (options: object): string[] => linesOf(() => build(options)).slice(1);

describe('createAlerts options', () => {
  it('name every unknown channel and rule, and what there is', () => {
    expect(
      refusal({
        routes: [
          { match: { rule: 'errorSpik', severity: 'high' }, to: ['pager', 'ops'] },
          { match: { rule: ['errorSpike', 'toString'] }, to: ['__proto__', 'ops'] },
        ],
      }),
    ).toEqual([
      "routes.0.to.0: no channel named 'pager', there is 'ops', 'log'",
      "routes.0.match.rule: no rule named 'errorSpik', there is 'errorSpike'",
      "routes.1.to.0: no channel named '__proto__', there is 'ops', 'log'",
      "routes.1.match.rule: no rule named 'toString', there is 'errorSpike'",
    ]);
  });

  it.each([
    ['severities', undefined],
    ['severities', []],
    ['severities', ['dreadful']],
    ['keepFiringForMs', undefined],
    ['keepFiringForMs', Number.NaN],
    ['lookbackMs', '1h'],
    ['evaluate', undefined],
    ['keyOf', undefined],
    ['maxSeriesCount', 0],
    ['forMs', -1],
  ])('refuse a rule whose %s is %j', (key, value) => {
    const errorSpike = { ...good.rules.errorSpike, [key]: value };
    expect(refusal({ rules: { errorSpike } })).toEqual([
      expect.stringMatching(/^rules\.errorSpike: expected a rule/),
    ]);
  });

  it('refuse names of rules that cannot be a part of ids', () => {
    const { errorSpike } = good.rules;
    expect(refusal({ rules: { 'a/b': errorSpike } })).toEqual([
      'rules.a/b: expected names of 1 to 60 letters, digits, _, - or .',
    ]);
  });

  it('refuse routes that no alert can reach', () => {
    const why = expect.stringContaining('no alert can reach it');
    const to = ['ops'];
    expect(refusal({ routes: [{ match: { severity: 'critical' }, to }, { to }] })).toEqual([why]);
    expect(refusal({ routes: [{ to }, { match: { severity: 'high' }, to }] })).toEqual([
      expect.stringMatching(/^routes\.1: no alert can reach it/),
    ]);
    const split = [
      { match: { severity: 'low' }, to },
      { match: { severity: 'high' }, to },
    ];
    expect(() => build({ routes: split })).not.toThrow();
    expect(refusal({ routes: [...split, { to }] })).toEqual([
      expect.stringMatching(/^routes\.2: no alert can reach it/),
    ]);
  });

  it('name every wrong key with what came and what was expected', () => {
    expect(
      refusal({
        service: ' ',
        environment: undefined,
        channels: { ops: { kind: 'mine' } },
        routes: [],
        delivery: { sendTimeout: '2h', maxAge: -1, retries: 3 },
        clock: {},
        random: 0.5,
        loger: 'x',
      }),
    ).toEqual([
      "service: expected a name, got ' '",
      'environment: expected a name, got undefined',
      'channels.ops: expected an object with send(), got an object',
      'routes: expected at least one route, got an array of 0',
      expect.stringMatching(/^delivery\.sendTimeout: .* at most 3600000 ms, got '2h'$/),
      expect.stringMatching(/^delivery\.maxAge: .*, got -1$/),
      expect.stringMatching(/^delivery\.retries: there is no such option, .* got 3$/),
      expect.stringMatching(
        /^clock: expected an object with now\(\), monotonic\(\), .*, got an object$/,
      ),
      'random: expected a function, got 0.5',
      expect.stringMatching(/^loger: there is no such option, .* got 'x'$/),
    ]);
    expect(refusal({ rules: {} })).toEqual([
      'rules: expected at least one rule',
      expect.stringContaining('routes.0: no alert can reach it'),
    ]);
    expect(refusal({ routes: [{ match: { severity: 'hihg' }, to: [] }] })).toEqual([
      expect.stringMatching(/^routes\.0\.match\.severity: .*low, medium, high, critical.*'hihg'$/),
      'routes.0.to: expected at least one channel, got an array of 0',
    ]);
  });

  it.each([
    'https://ann:s3cr3t@ops.example.com',
    'javascript:alert(1)',
    'ftp://example.com',
    'ops',
  ])('refuse %s as the url that every message carries', (url) => {
    const text = linesOf(() => build({ url })).join();
    expect(text).toContain('url: expected an https: or http: address without user name');
    expect(text).not.toContain('s3cr3t');
  });

  it('do not repeat a webhook URL that a route has in place of the name of a channel', () => {
    const to = ['https://hooks.slack.com/services/s3cr3t'];
    const text = linesOf(() => build({ routes: [{ to }] })).join();
    expect(text).toContain("no channel named 'https://hooks.slack.com/…'");
    expect(text).not.toContain('s3cr3t');
  });

  it('print no secret that was put in the wrong place', () => {
    const url = 'https://hooks.example.com/services/s3cr3t';
    const error = refusalOf(() => build({ webhookUrl: url }));
    expect(error.message).toMatch(/webhookUrl: .*, got 'https:\/\/hooks\.example\.com\/…'$/);
    expect(error.message).not.toContain('s3cr3t');
    expect(JSON.stringify(error.cause)).not.toContain('s3cr3t');
  });
});

describe('channel options', () => {
  it('of webhook are refused by name and without their values', () => {
    const secret = 'whsec_c2hvcnQ=';
    const url = 'https://user:s3cr3t@example.com';
    const construct = (): unknown =>
      webhook({
        url,
        secret,
        headers: { 'webhook-id': 's3cr3t', 'x y': 's3cr3t', ok: 's3\ncr3t', fine: 's3cr3t' },
        timeout: 0,
        // @ts-expect-error a misspelt key
        secrett: 's3cr3t',
      });
    const { message, cause } = refusalOf(construct);
    expect(linesOf(construct)).toEqual([
      'webhook',
      'url: expected an https: or http: URL without user name and password, got another string',
      "secret: expected 'whsec_' and then 24 to 64 bytes in base64, got another string",
      'headers.webhook-id: is set by the webhook itself, got another string',
      'headers.x y: is no valid header, got another string',
      'headers.ok: is no valid header, got another string',
      expect.stringMatching(/^timeout: expected a duration .* more than 0 ms .*, got 0$/),
      expect.stringMatching(/^secrett: there is no such option, .* got another string$/),
    ]);
    expect(JSON.stringify([message, cause])).not.toMatch(/s3|c2hvcnQ/);
  });

  it.each(['', 'example.com', 'ftp://example.com', 5, null])('of webhook take no URL %s', (url) => {
    expect(linesOf(() => webhook({ url: url as string }))[1]).toContain('url: expected an https');
  });

  it('of log need the three methods', () => {
    const { info, warn } = recordingLogger();
    expect(linesOf(() => log({ info, warn } as never))[1]).toBe(
      'options: expected an object with info(), warn(), error(), got an object',
    );
  });
});
