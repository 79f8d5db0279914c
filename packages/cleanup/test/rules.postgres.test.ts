import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import {
  type CleanupPolicy,
  createCleanup,
  type DeletePolicy,
  type OrphanPolicy,
  sql,
} from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs, waitingFor } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();

async function run(pool: pg.Pool, policy: CleanupPolicy) {
  const cleanup = createCleanup({
    pool,
    pace: AT_ONCE,
    policies: { it: { ...policy, safety: { maxShare: 1, ...policy.safety } } },
  });
  return (await cleanup.run()).policies.it;
}

async function planOf(pool: pg.Pool, policy: CleanupPolicy) {
  return (await createCleanup({ pool, policies: { it: policy } }).plan()).policies.it;
}

async function ids(pool: pg.Pool, table: string): Promise<readonly number[]> {
  const { rows } = await pool.query<{ id: number }>(`select id from ${table} order by id`);
  return rows.map(({ id }) => id);
}

describe('an age for each row', () => {
  const age = (fallback = '90d'): CleanupPolicy => ({
    table: 'events',
    olderThan: {
      column: 'at',
      age: {
        per: sql`(select t.retention from tenants t where t.id = events.tenant)`,
        default: fallback as '90d',
      },
    },
  });

  test('is the tenant’s, the default where it is null, and never below an hour', async () => {
    const pool = db.pool();
    await pool.query(`
      create table tenants (id int primary key, retention interval);
      insert into tenants values (1, '7 days'), (2, '1 month'), (3, null), (4, '59 minutes'), (5, '-1 day'), (7, '1 hour');
      create table events (id int primary key, tenant int, at timestamptz);
      insert into events
      select t * 100 + d, t, now() - d * interval '1 day' - interval '2 hours'
      from generate_series(1, 7) t, unnest(array[0, 6, 8, 27, 32, 89, 91]) d`);
    const plan = await planOf(pool, age());
    expect(plan.warnings.join()).toContain('14 of the first 10,000 rows');
    expect(plan).toMatchObject({ refusals: [], candidates: { count: 17, isExact: true } });
    expect(await run(pool, age())).toMatchObject({ stopped: 'drained', deleted: 17 });
    expect(await ids(pool, 'events')).toEqual([
      100, 106, 200, 206, 208, 227, 300, 306, 308, 327, 332, 389,
      // Less than an hour: never touched.
      400, 406, 408, 427, 432, 489, 491, 500, 506, 508, 527, 532, 589, 591, 600, 606, 608, 627, 632,
      689,
    ]);
  });

  test('that changes after the row was picked counts as it is then', async () => {
    const pool = db.pool();
    await pool.query(`
      create table tenants (id int primary key, retention interval);
      insert into tenants values (1, '7 days'), (2, '7 days');
      create table events (id int primary key, tenant int, at timestamptz);
      insert into events select n, 1 + n % 2, now() - interval '8 days' from generate_series(1, 10) n`);
    const changed = interceptedPool(pool, async (text, send) => {
      if (text.startsWith('delete from only')) {
        await db.pool().query(`update tenants set retention = '1 year' where id = 2`);
      }
      return send();
    });
    const cleanup = createCleanup({
      pool: changed,
      pace: AT_ONCE,
      policies: { it: { ...age(), safety: { maxShare: 1 } } },
    });
    expect((await cleanup.run()).policies.it).toMatchObject({ deleted: 5 });
    expect(await ids(pool, 'events')).toEqual([1, 3, 5, 7, 9]);
  });

  test('over a column without a zone is the same as over instants', async () => {
    const pool = db.pool();
    await pool.query(`
      create table events (id int primary key, days int, at timestamp);
      insert into events
      select n, 30, (now() - interval '30 days' + n * interval '20 minutes') at time zone 'Asia/Kathmandu'
      from generate_series(-10, 10) n where n <> 0`);
    const policy: CleanupPolicy = {
      table: 'events',
      olderThan: {
        column: 'at',
        zone: 'Asia/Kathmandu',
        age: { per: sql`days * interval '1 day'`, default: '90d' },
      },
    };
    expect(await run(pool, policy)).toMatchObject({ deleted: 10 });
    expect((await ids(pool, 'events'))[0]).toBe(1);
  });

  test('that is no interval is refused', async () => {
    const pool = db.pool();
    await pool.query('create table events (id int primary key, at timestamptz, days int)');
    const policy: CleanupPolicy = {
      table: 'events',
      olderThan: { column: 'at', age: { per: sql`days`, default: '90d' } },
    };
    const { refusals } = await planOf(pool, policy);
    expect(refusals).toMatchObject([{ code: 'column-type' }]);
    expect(refusals[0]?.message).toContain('olderThan.age.per is of type integer');
  });
});

describe('inactivity', () => {
  const WORKFLOWS: CleanupPolicy = {
    table: 'workflows',
    inactiveFor: {
      age: '365d',
      since: sql`greatest(updated_at, (select max(started_at) from executions e where e.workflow_id = workflows.id))`,
    },
  };

  async function makeWorkflows(pool: pg.Pool): Promise<void> {
    await pool.query(`
      create table workflows (id int primary key, updated_at timestamptz);
      create table executions (id int primary key, workflow_id int, started_at timestamptz);
      create index on executions (workflow_id, started_at);
      insert into workflows select n, now() - interval '400 days' from generate_series(1, 6) n;
      insert into workflows values (7, null), (8, now());
      insert into executions values (1, 2, now()), (2, 3, now() - interval '500 days')`);
  }

  test('is counted since the latest sign of life', async () => {
    const pool = db.pool();
    await makeWorkflows(pool);
    expect(await planOf(pool, WORKFLOWS)).toMatchObject({
      candidates: { count: 5 },
      walks: [{ kind: 'heap-windows', index: null }],
    });
    expect(await run(pool, WORKFLOWS)).toMatchObject({ stopped: 'drained', deleted: 5 });
    // 2 was used, of 7 nothing is known.
    expect(await ids(pool, 'workflows')).toEqual([2, 7, 8]);
  });

  test('ends when another table says so after the row was picked', async () => {
    const pool = db.pool();
    await makeWorkflows(pool);
    const other = interceptedPool(pool, async (text, send) => {
      if (text.startsWith('delete from only')) {
        await db
          .pool()
          .query('insert into executions values (10, 5, now()) on conflict do nothing');
      }
      return send();
    });
    const cleanup = createCleanup({
      pool: other,
      pace: AT_ONCE,
      policies: { it: { ...WORKFLOWS, safety: { maxShare: 1 } } },
    });
    const report = await cleanup.run();
    expect(report.policies.it).toMatchObject({ deleted: 4 });
    expect(await ids(pool, 'workflows')).toEqual([2, 5, 7, 8]);
  });

  test('of a wrong type, or that reads a large table whole, is refused', async () => {
    const pool = db.pool();
    await makeWorkflows(pool);
    const text: CleanupPolicy = {
      table: 'workflows',
      inactiveFor: { age: '1d', since: sql`updated_at::text` },
    };
    expect((await planOf(pool, text)).refusals).toMatchObject([{ code: 'column-type' }]);
    await pool.query(`
      drop index executions_workflow_id_started_at_idx;
      alter table executions add column filler text;
      alter table executions alter filler set storage plain;
      insert into executions select n, n, now(), repeat('x', 7000) from generate_series(100, 5200) n`);
    const { refusals } = await planOf(pool, WORKFLOWS);
    expect(refusals).toMatchObject([{ code: 'missing-index' }]);
    expect(refusals[0]?.message).toContain(`"${db.schema}"."executions"`);
  });
});

describe('orphans', () => {
  const ORPHANS: OrphanPolicy & DeletePolicy = {
    table: 'executions',
    orphanOf: { table: 'workflows', on: { workflow_id: 'id' } },
    minAge: { column: 'started_at', age: '1d' },
  };

  async function makeOrphans(pool: pg.Pool): Promise<void> {
    await pool.query(`
      create table workflows (id int primary key);
      create table executions (id int primary key, workflow_id int, started_at timestamptz);
      insert into workflows values (1);
      insert into executions values
        (1, 1, now() - interval '9 days'), (2, 2, now() - interval '9 days'),
        (3, 3, now() - interval '9 days'), (4, null, now() - interval '9 days'),
        (5, 2, now() - interval '23 hours'), (6, 2, null)`);
  }

  test('go when they are old enough; a null is no parent that is missing', async () => {
    const pool = db.pool();
    await makeOrphans(pool);
    expect(await run(pool, ORPHANS)).toMatchObject({ stopped: 'drained', deleted: 2 });
    expect(await ids(pool, 'executions')).toEqual([1, 4, 5, 6]);
  });

  test('whose parent comes between the pick and the delete stay', async () => {
    const pool = db.pool();
    await makeOrphans(pool);
    const late = interceptedPool(pool, async (text, send) => {
      if (text.startsWith('delete from only')) {
        await db.pool().query('insert into workflows values (3) on conflict do nothing');
      }
      return send();
    });
    const policies = { it: { ...ORPHANS, safety: { maxShare: 1 } } };
    const report = await createCleanup({ pool: late, pace: AT_ONCE, policies }).run();
    expect(report.policies.it).toMatchObject({ deleted: 1 });
    expect(await ids(pool, 'executions')).toEqual([1, 3, 4, 5, 6]);
  });

  test('of a parent that is not there, or whose rows are hidden, are refused', async () => {
    const pool = db.pool();
    await makeOrphans(pool);
    const of = (table: string, id = 'id'): CleanupPolicy => ({
      ...ORPHANS,
      orphanOf: { table, on: { workflow_id: id } },
    });
    expect((await planOf(pool, of('nowhere'))).refusals).toMatchObject([{ code: 'unknown-table' }]);
    expect((await planOf(pool, of('workflows', 'key'))).refusals).toMatchObject([
      { code: 'unknown-column' },
    ]);
    await pool.query(`
      create role ${db.schema}_app;
      grant usage on schema ${db.schema} to ${db.schema}_app;
      grant all on all tables in schema ${db.schema} to ${db.schema}_app;
      alter table workflows enable row level security`);
    const app = db.pool({ options: `-c search_path=${db.schema} -c role=${db.schema}_app` });
    expect((await planOf(app, ORPHANS)).refusals).toMatchObject([{ code: 'row-security' }]);
    await pool.query(`drop owned by ${db.schema}_app; drop role ${db.schema}_app`);
  });
});

describe('rows that stay', () => {
  test('are the newest of each group, whatever their age', async () => {
    const pool = db.pool();
    await makeJobs(pool, 12);
    await pool.query(`
      alter table jobs add column kind text;
      update jobs set kind = case when id = 12 then null when id > 9 then 'b' else 'a' end`);
    const keepLast = { count: 3, per: 'kind' };
    const plan = await jobsCleanup(pool, {}, { keepLast }).plan();
    expect(plan.policies.jobs.candidates).toEqual({ count: 6, isExact: true });
    const report = await jobsCleanup(
      pool,
      { pace: { ...AT_ONCE, maxBatch: 2 } },
      { keepLast },
    ).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 6 });
    expect(await jobIds(pool)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(await jobsCleanup(pool, {}, { keepLast }).run()).toMatchObject({ deleted: 0 });
  });

  test('are so many of the table, and do not change by what newer rows are called', async () => {
    const pool = db.pool();
    await makeJobs(pool, 12, 2);
    const safety = { maxShare: 1, keepAtLeast: 5 };
    expect(await jobsCleanup(pool, {}, { safety }).run()).toMatchObject({ deleted: 9 });
    expect(await jobIds(pool)).toEqual([10, 11, 12, 13, 14]);
    await pool.query('delete from jobs where id > 11');
    expect(await jobsCleanup(pool, {}, { safety }).run()).toMatchObject({ deleted: 0 });
  });

  test('of a table in which activity counts are those with the highest keys', async () => {
    const pool = db.pool();
    await makeJobs(pool, 8);
    const policy: CleanupPolicy = {
      table: 'jobs',
      inactiveFor: { age: '1d', since: sql`started_at` },
      safety: { maxShare: 1, keepAtLeast: 3 },
    };
    expect(await run(pool, policy)).toMatchObject({ stopped: 'drained', deleted: 5 });
    expect(await jobIds(pool)).toEqual([6, 7, 8]);
  });

  test('stay when the newer ones go while a batch waits', async () => {
    const pool = db.pool();
    await makeJobs(pool, 6);
    const other = await db.pool().connect();
    await other.query('begin; select from jobs where id = 1 for update');
    const pace = { dutyCycle: 1, lockTimeout: '20s', statementTimeout: '25s' } as const;
    const running = jobsCleanup(pool, { pace }, { safety: { maxShare: 1, keepAtLeast: 3 } }).run();
    await waitingFor(db.pool(), 'with ops_cleanup_picked');
    // Two of the three that stay go otherwise; the one that is left must not go, too.
    await other.query('delete from jobs where id > 4; commit');
    other.release();
    await running;
    expect(await jobIds(pool)).toEqual([1, 4]);
  });
});
