// oxlint-disable vitest/expect-expect -- each @ts-expect-error is an assertion
import pg from 'pg';
import { describe, expectTypeOf, test } from 'vitest';
import { http } from '../src/checks/index.ts';
import {
  type CheckPolicy,
  type CheckState,
  createHealth,
  type ExternalCheckSpec,
  type Health,
  type HealthReport,
  type MeasurementState,
} from '../src/index.ts';
import { postgres } from '../src/postgres/index.ts';

declare const pool: pg.Pool;
declare const headers: () => Promise<Record<string, string>>;
declare const limiter: { check(signal: AbortSignal): Promise<void> };
declare const migrator: { assertCurrent(): Promise<void> };
declare function factory(policy?: CheckPolicy): ExternalCheckSpec;
declare const isOperator: (request: Request) => Promise<boolean>;

const health = createHealth({
  service: { id: 'billing', version: '1', releaseId: process.env['GIT_SHA'] },
  defaults: { timeout: '1s', ttl: '5s' },
  checks: {
    database: postgres.ping(pool),
    auth: http({ url: `${process.env['AUTH_URL']}/health` }),
    shopify: http({ url: 'https://x/', headers, critical: false }),
    rateLimiter: { run: ({ signal }) => limiter.check(signal), critical: false },
    schema: () => migrator.assertCurrent(),
    consistency: {
      run: () => [{ measurement: 'orphans', value: 3, status: 'warn', findings: [] }],
      external: true,
      every: '15m',
      jitter: 0.2,
      initialDelay: '1m',
      failAfter: 3,
      passAfter: 2,
      affects: ['/orders/{id}'],
    },
    loop: { run: () => ({ value: 3, unit: 'ms' }), kind: 'system' },
  },
  groups: {
    live: ['loop'],
    ready: ['database', 'auth'],
    startup: ['schema'],
    mine: ['rateLimiter'],
  },
  details: (request) => isOperator(request),
  onEvent: (event) => {
    expectTypeOf(event.type).toEqualTypeOf<'change' | 'group-change' | 'publisher-failed'>();
  },
});

type All = 'database' | 'auth' | 'shopify' | 'rateLimiter' | 'schema' | 'consistency' | 'loop';

describe('names are literal', () => {
  test('of the members of each group', () => {
    expectTypeOf(health.report()).toEqualTypeOf<HealthReport<All>>();
    expectTypeOf(health.report('ready')).toEqualTypeOf<HealthReport<'database' | 'auth'>>();
    expectTypeOf(health.report('mine').checks.rateLimiter).toEqualTypeOf<CheckState>();
    expectTypeOf(health.check('startup')).resolves.toEqualTypeOf<HealthReport<'schema'>>();
    expectTypeOf(health.report('live')).toEqualTypeOf<HealthReport<'loop'>>();
    // @ts-expect-error -- not a group
    health.report('raedy');
    // @ts-expect-error -- not a group
    health.watch('raedy');
    // @ts-expect-error -- not a member of the group
    void health.report('ready').checks.schema;
  });

  test('of what is watched', () => {
    expectTypeOf(health.watch()).toEqualTypeOf<AsyncIterable<HealthReport<All>>>();
    expectTypeOf(health.watch('startup', { signal: new AbortController().signal })).toEqualTypeOf<
      AsyncIterable<HealthReport<'schema'>>
    >();
    expectTypeOf(health.report().checks.consistency.measurements[0]).toEqualTypeOf<
      MeasurementState | undefined
    >();
  });

  test('without groups every check is in ready', () => {
    const plain = createHealth({ checks: { one: () => {} } });
    expectTypeOf(plain.report('ready')).toEqualTypeOf<HealthReport<'one'>>();
    expectTypeOf(plain.report('live')).toEqualTypeOf<HealthReport<never>>();
    // @ts-expect-error -- not a group
    plain.report('mine');
  });

  test('any health is a Health', () => {
    expectTypeOf(health).toExtend<Health>();
    expectTypeOf(health).toExtend<{ fetch(request: Request): Promise<Response> }>();
  });
});

describe('what the compiler refuses', () => {
  const checks = { inner: () => {}, outer: http({ url: 'http://x/' }) };

  test('unknown members', () => {
    // @ts-expect-error -- there is no such check
    createHealth({ checks, groups: { ready: ['iner'] } });
    // @ts-expect-error -- there is no such check
    createHealth({ checks, groups: { mine: ['iner'] } });
  });

  test('an external check in live', () => {
    createHealth({ checks, groups: { live: ['inner'], ready: ['outer'], mine: ['outer'] } });
    // @ts-expect-error -- outer is external
    createHealth({ checks, groups: { live: ['outer'] } });
    // @ts-expect-error -- and so is what is marked by hand
    createHealth({ checks: { a: { run: () => {}, external: true } }, groups: { live: ['a'] } });
    createHealth({ checks: { a: { run: () => {}, external: false } }, groups: { live: ['a'] } });
    // @ts-expect-error -- a factory's spec too
    createHealth({ checks: { a: factory() }, groups: { live: ['a'] } });
    // @ts-expect-error -- one among others that may
    createHealth({ checks: { ...checks, a: factory() }, groups: { live: ['inner', 'a'] } });
    // @ts-expect-error -- and with every other option there is
    createHealth({ checks: { a: { ...factory(), every: '1m' } }, groups: { live: ['a'] } });
  });

  test('results that are no results', () => {
    // @ts-expect-error -- a boolean says nothing about health
    createHealth({ checks: { one: () => false } });
    // @ts-expect-error -- and nor does a query's result
    createHealth({ checks: { one: () => pool.query('select 1') } });
    // @ts-expect-error -- not a status
    createHealth({ checks: { one: { run: () => ({ status: 'up' }) } } });
  });

  test('misspelt options', () => {
    // @ts-expect-error -- basepath
    createHealth({ checks, basepath: '/x' });
    // @ts-expect-error -- an interval has a unit that is known
    createHealth({ checks: { a: { run: () => {}, every: '1 minute' } } });
    // @ts-expect-error -- a duration has a unit that is known
    createHealth({ checks, defaults: { ttl: 'soon' } });
    // @ts-expect-error -- expects
    http({ url: 'http://x/', expects: { status: 200 } });
    // @ts-expect-error -- a role that there is not
    postgres.ping(pool, { role: 'standby' });
  });
});
