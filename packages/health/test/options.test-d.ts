// oxlint-disable vitest/expect-expect -- each @ts-expect-error is an assertion
import pg from 'pg';
import { describe, expectTypeOf, test } from 'vitest';
import { http } from '../src/checks/index.ts';
import { type CheckState, createHealth, type Health, type HealthReport } from '../src/index.ts';
import { postgres } from '../src/postgres/index.ts';

declare const pool: pg.Pool;
declare const headers: () => Promise<Record<string, string>>;
declare const limiter: { check(signal: AbortSignal): Promise<void> };
declare const migrator: { assertCurrent(): Promise<void> };
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
  },
  groups: { live: [], ready: ['database', 'auth'], startup: ['schema'], mine: ['rateLimiter'] },
  details: (request) => isOperator(request),
  onEvent: (event) => {
    expectTypeOf(event.type).toEqualTypeOf<'change' | 'group-change'>();
  },
});

type All = 'database' | 'auth' | 'shopify' | 'rateLimiter' | 'schema';

describe('names are literal', () => {
  test('of the members of each group', () => {
    expectTypeOf(health.report()).toEqualTypeOf<HealthReport<All>>();
    expectTypeOf(health.report('ready')).toEqualTypeOf<HealthReport<'database' | 'auth'>>();
    expectTypeOf(health.report('mine').checks.rateLimiter).toEqualTypeOf<CheckState>();
    expectTypeOf(health.check('startup')).resolves.toEqualTypeOf<HealthReport<'schema'>>();
    expectTypeOf(health.report('live')).toEqualTypeOf<HealthReport<never>>();
    // @ts-expect-error -- not a group
    health.report('raedy');
    // @ts-expect-error -- not a member of the group
    void health.report('ready').checks.schema;
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
    // @ts-expect-error -- a duration has a unit that is known
    createHealth({ checks, defaults: { ttl: 'soon' } });
    // @ts-expect-error -- expects
    http({ url: 'http://x/', expects: { status: 200 } });
    // @ts-expect-error -- a role that there is not
    postgres.ping(pool, { role: 'replica' });
  });
});
