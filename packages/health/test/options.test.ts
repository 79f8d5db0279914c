import { describe, expect, test } from 'vitest';
import { http } from '../src/checks/index.ts';
import { createHealth, type HealthOptions, InvalidOptionsError } from '../src/index.ts';
import { postgres } from '../src/postgres/index.ts';

/** Calls with options that the compiler would refuse. */
const create = (options: unknown) => () => createHealth(options as HealthOptions);
const ok = () => {};

describe('createHealth', () => {
  test('every fault is named at once, with what came and what was expected', () => {
    const wrong = create({
      service: { id: 7 },
      chekcs: {},
      checks: {
        'data:base': ok,
        auth: { run: ok, external: true, criticl: false, timeout: 0, ttl: '5 seconds' },
        limiter: 'yes',
        stale: { run: ok, ttl: '10s', maxStale: '9s' },
        shutdown: ok,
        fatal: ok,
        early: { run: ok, initialDelay: '1s', jitter: 0.2 },
        both: { run: ok, every: '10s', ttl: '5s' },
        old: { run: ok, every: '10s', jitter: 0.5, timeout: '2s', maxStale: '14499ms' },
        twitchy: { run: ok, every: '10s', jitter: 1.1, failAfter: 0, passAfter: 1.5 },
        public: { run: ok, affects: ['/orders/{id'], id: 'a\nb' },
      },
      groups: { live: ['auth'], ready: ['auth', 'auth', 'databse'], all: [], 'a b': [] },
      details: 'yes',
      redact: ['abc'],
      basePath: 'ops/',
      preset: 'nagios',
      random: 4,
    });
    expect(wrong).toThrow(InvalidOptionsError);
    const message = messageOf(wrong);
    for (const part of [
      'createHealth: ',
      'options.chekcs: there is no such option',
      'service.id: expected string, got 7',
      'checks.auth.criticl: there is no such option',
      "checks.auth.timeout: expected a duration ('250ms', '5s', '90d', or milliseconds) of more than 0 ms and at most 24 days",
      "'5 seconds'",
      "checks.limiter: expected a function or an object, got 'yes'",
      'checks.stale.maxStale: expected at least the ttl of 10000 ms, got 9000 ms',
      'got "data:base"',
      "checks: 'shutdown' is a reserved name",
      "checks: 'fatal' is a reserved name",
      'checks.early.initialDelay: has a meaning only together with every',
      'checks.early.jitter: has a meaning only together with every',
      'checks.both.ttl: has no meaning together with every; leave out one of the two',
      'checks.old.maxStale: expected at least 14500 ms, every × (1 + jitter / 2) + timeout, the longest time between two results, got 14499 ms',
      'checks.twitchy.jitter: expected a number from 0 to 1, got 1.1',
      'checks.twitchy.failAfter: expected a whole number of 1 or more, got 0',
      'checks.twitchy.passAfter: expected a whole number of 1 or more, got 1.5',
      "checks.public.affects.0: expected a URI template as '/orders/{id}', got '/orders/{id'",
      'checks.public.id: expected 1 to 256 characters',
      'random: expected a function, got 4',
      "groups.live: 'auth' depends on something outside this process",
      "groups.ready: 'databse' is not a check; the checks are 'data:base', 'auth', 'limiter', 'stale', 'shutdown', 'fatal', 'early', 'both', 'old', 'twitchy', 'public'",
      "groups.ready: 'auth' is named more than once",
      "groups: 'all' is a reserved name",
      'got "a b"',
      "details: expected a boolean or a function, got 'yes'",
      'redact.0: expected 4 characters or more, got another string',
      "basePath: expected '' or a path as '/ops', got 'ops/'",
      'preset: expected one of "kubernetes"|"consul"|"microprofile", got \'nagios\'',
    ]) {
      expect(message).toContain(part.replace(/^options\./, ''));
    }
    expect(message).not.toContain('abc');
  });

  test.each([undefined, null, 7, 'checks', [], {}, { checks: null }, { checks: { a: null } }])(
    'options that are all wrong: %o',
    (options) => {
      expect(create(options)).toThrow(/^createHealth: /);
    },
  );

  test.each([0, -1, '-1s', '0s', Number.NaN, Infinity, '25d', 2 ** 31, '', true])(
    'a duration of %o is refused',
    (duration) => {
      for (const key of ['timeout', 'ttl', 'maxStale']) {
        expect(create({ checks: { a: { run: ok, [key]: duration } } })).toThrow(
          `checks.a.${key}: `,
        );
        expect(create({ checks: {}, defaults: { [key]: duration } })).toThrow(`defaults.${key}: `);
      }
    },
  );

  test.each([0, -1, '-1s', '0s', Number.NaN, '15d'])('an interval of %o is refused', (every) => {
    expect(create({ checks: { a: { run: ok, every } } })).toThrow(
      "checks.a.every: expected a duration ('250ms', '5s', '90d', or milliseconds) of more than 0 ms and at most 14 days",
    );
  });

  test.each([-1, '-1s', Number.NaN, '25d'])('an initial delay of %o is refused', (initialDelay) => {
    expect(create({ checks: { a: { run: ok, every: '1s', initialDelay } } })).toThrow(
      'checks.a.initialDelay: expected a duration',
    );
  });

  test.each([-0.1, 1.01, Number.NaN, Infinity, '0.1', null])(
    'a jitter of %o is refused',
    (jitter) => {
      expect(create({ checks: { a: { run: ok, every: '1s', jitter } } })).toThrow(
        'checks.a.jitter: expected a number from 0 to 1',
      );
    },
  );

  test('the maxStale of all checks, in seconds, is not that of one that runs every 15 minutes', async () => {
    const health = createHealth({
      defaults: { maxStale: '20s' },
      checks: { rare: { run: ok, every: '15m', initialDelay: 0 } },
    });
    expect((await health.check()).status).toBe('pass');
    await health.stop();
    // The shortest that is accepted, jitter and timeout by default.
    expect(create({ checks: { a: { run: ok, every: '10s', maxStale: 11_500 } } })).not.toThrow();
    expect(create({ checks: { a: { run: ok, every: '10s', maxStale: 11_499 } } })).toThrow('11500');
  });

  test('undefined is the same as absent', async () => {
    const health = createHealth({
      service: { id: 'a', releaseId: undefined },
      defaults: undefined,
      checks: {
        a: {
          run: ok,
          ttl: undefined,
          every: undefined,
          initialDelay: undefined,
          jitter: undefined,
        },
      },
      groups: { live: undefined },
      details: undefined,
      basePath: undefined,
    });
    expect((await health.check()).status).toBe('pass');
    await health.stop();
  });

  test('a name that would be lost is refused', () => {
    const checks = JSON.parse('{"__proto__": {}}') as object;
    expect(create({ checks })).toThrow("checks: '__proto__' is a reserved name");
  });

  test('names that an object has anyway are ordinary names', async () => {
    const checks = JSON.parse('{"hasOwnProperty": 0, "toString": 0}') as Record<string, unknown>;
    for (const name of Object.keys(checks)) checks[name] = ok;
    const health = createHealth({ checks: checks as Record<string, () => void> });
    await health.check();
    expect(Object.keys(health.report().checks)).toEqual(['hasOwnProperty', 'toString']);
    await health.stop();
    expect(create({ checks: { a: ok }, groups: { ready: ['constructor'] } })).toThrow(
      "'constructor' is not",
    );
  });
});

describe('http', () => {
  test('every fault is named, and no URL or header is quoted', () => {
    const wrong = () =>
      http({
        url: 'https://app:c4nary@host/',
        metod: 'GET',
        headers: { authorization: 7, 'x-c4nary': 'c4nary' },
        expect: { status: 99 },
        timeout: 0,
      } as unknown as { url: string });
    expect(wrong).toThrow(InvalidOptionsError);
    const message = messageOf(wrong);
    expect(message).toContain(
      'url: expected an absolute http or https URL without user and password',
    );
    expect(message).toContain('metod: there is no such option');
    expect(message).toContain('headers: expected names with strings, or a function, got an object');
    expect(message).toContain('expect.status: expected a status from 100 to 599');
    expect(message).toContain(
      "timeout: expected a duration ('250ms', '5s', '90d', or milliseconds) of more than 0 ms",
    );
    expect(message).not.toContain('c4nary');
  });

  test.each(['undefined/health', '/health', 'ftp://host/', '', undefined, 7])(
    'the url %o',
    (url) => {
      expect(() => http({ url: url as string })).toThrow('http: url: expected an absolute');
    },
  );
});

describe('postgres.ping', () => {
  test('faults are named', () => {
    const pool = { query: async () => ({ rows: [] }) };
    expect(() => postgres.ping(pool, { role: 'standby' as 'any' })).toThrow(
      'postgres.ping: role: ',
    );
    expect(() => postgres.ping(pool, { tll: '1s' } as object)).toThrow(
      'tll: there is no such option',
    );
    expect(() => postgres.ping(undefined as unknown as typeof pool)).toThrow(
      'pool: expected a pg.Pool',
    );
  });
});

test('drain refuses what it does not know, and a delay below 0', async () => {
  const health = createHealth({ checks: {} });
  await expect(health.drain({ dely: '1s' } as object)).rejects.toThrow('drain: dely: there is no');
  await expect(health.drain({ delay: '-1s' })).rejects.toThrow('drain: delay: ');
  await health.stop();
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}
