import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import {
  type CleanupPolicy,
  createCleanup,
  type PolicyPlan,
  type Refusal,
  sql,
} from '../../src/index.ts';
import { useCleanupDatabase } from '../cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from '../expired-table.ts';

const db = useCleanupDatabase();

const BY_ACTIVITY: CleanupPolicy = {
  table: 'jobs',
  inactiveFor: {
    age: '30d',
    since: sql`greatest(started_at, (select max(seen_at) from visits v where v.job_id = jobs.id))`,
  },
  safety: { maxShare: 1 },
};

async function planOf(pool: pg.Pool, policy: CleanupPolicy): Promise<PolicyPlan> {
  const plan = await createCleanup({ pool, pace: AT_ONCE, policies: { it: policy } }).plan();
  return plan.policies.it;
}

function codes(refusals: readonly Refusal[]): readonly string[] {
  return refusals.map(({ code }) => code);
}

describe('a fragment that ends its parentheses', () => {
  test('does not get past the cut-off: it is refused, and nothing is deleted', async () => {
    const pool = db.pool();
    await makeJobs(pool, 2, 5);
    const where = sql`status = 'failed') or (status = 'completed'`;
    const report = await jobsCleanup(pool, {}, { where }).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'refused', deleted: 0 });
    expect(report.policies.jobs.refusals).toMatchObject([
      { code: 'statement', message: expect.stringContaining('where closes a parenthesis') },
    ]);
    expect(await jobIds(pool)).toHaveLength(7);
  });

  test('is refused as the condition of a hold, as an age and as a sign of activity', async () => {
    const pool = db.pool();
    await makeJobs(pool, 3);
    await pool.query('create table legal_holds (subject_id int, released_at timestamptz)');
    const active = sql`released_at is null) and (released_at is not null`;
    const holds = [{ table: 'legal_holds', on: { subject_id: 'id' }, active }];
    const held = await jobsCleanup(pool, { holds }).plan();
    expect(held.policies.jobs.refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('The condition active of the holds'),
    ]);
    const per = sql`interval '1 day') + (interval '1 day'`;
    const aged = await planOf(pool, {
      table: 'jobs',
      olderThan: { column: 'started_at', age: { per, default: '90d' } },
    });
    expect(aged.refusals[0]?.message).toContain('olderThan.age.per closes a parenthesis');
    const since = sql`started_at) + (interval '1 day'`;
    const idle = await planOf(pool, { table: 'jobs', inactiveFor: { age: '1d', since } });
    expect(idle.refusals[0]?.message).toContain('inactiveFor.since closes a parenthesis');
  });

  test('is told from one that has brackets, lists, comments, texts or a bare query in it', async () => {
    const pool = db.pool();
    await makeJobs(pool, 4);
    const fragments = [
      sql`(status = ')' or status = any(array['completed'])) -- ) or (true`,
      sql`status in ('completed') /* ) */`,
      sql`select status = 'completed'`,
      sql`with said as (select 'completed' as it) select status = it from said`,
      sql`${true}`,
      sql`jobs is not null and jobs.ctid is not null`,
      sql`status <> all(${['failed']})`,
    ];
    for (const where of fragments) {
      const plan = await jobsCleanup(pool, {}, { where }).plan();
      expect(plan.policies.jobs).toMatchObject({ refusals: [], candidates: { count: 4 } });
    }
    // What is wrong in itself is said once, as the server says it.
    const wrong = await jobsCleanup(pool, {}, { where: sql`stauts = 'x'` }).plan();
    expect(wrong.policies.jobs.refusals).toEqual([
      { code: 'statement', message: 'column "stauts" does not exist (42703)' },
    ]);
  });
});

describe('a fragment that reads a table of which row security hides rows', () => {
  /** A role that may do everything, and sees no visit. */
  async function asApplication(
    pool: pg.Pool,
    work: (app: pg.Pool) => Promise<void>,
  ): Promise<void> {
    const role = `${db.schema}_fragment`;
    await pool.query(`
      create table visits (id int primary key, job_id int, seen_at timestamptz);
      create index on visits (job_id);
      insert into visits values (1, 1, now());
      alter table visits enable row level security;
      create role ${role};
      grant usage on schema ${db.schema}, ops_cleanup to ${role};
      grant all on all tables in schema ${db.schema}, ops_cleanup to ${role}`);
    try {
      await work(db.pool({ options: `-c search_path=${db.schema} -c role=${role}` }));
    } finally {
      await pool.query(`drop owned by ${role}; drop role ${role}`);
    }
  }

  test('does not delete a row whose activity it cannot see', async () => {
    const pool = db.pool();
    await makeJobs(pool, 2);
    await asApplication(pool, async (app) => {
      const cleanup = createCleanup({ pool: app, pace: AT_ONCE, policies: { it: BY_ACTIVITY } });
      const { it } = (await cleanup.run()).policies;
      expect(codes(it.refusals)).toEqual(['row-security']);
      expect(it.refusals[0]?.message).toContain('inactiveFor.since');
      const where = sql`not exists (select from visits v where v.job_id = jobs.id)`;
      expect((await jobsCleanup(app, {}, { where }).run()).ok).toBe(false);
      expect(await jobIds(pool)).toEqual([1, 2]);
    });
    // Whoever sees the visit keeps that job alone.
    const cleanup = createCleanup({ pool, pace: AT_ONCE, policies: { it: BY_ACTIVITY } });
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 1 });
    expect(await jobIds(pool)).toEqual([1]);
  });

  test('is taken when it is the own table alone that hides rows: those are not touched', async () => {
    const pool = db.pool();
    await makeJobs(pool, 3);
    await pool.query(`
      alter table jobs enable row level security;
      create policy later_ones on jobs using (id > 1)`);
    await asApplication(pool, async (app) => {
      const where = sql`status = 'completed'`;
      const { policies } = await jobsCleanup(app, {}, { where }).run();
      expect(policies.jobs).toMatchObject({ stopped: 'drained', deleted: 2, refusals: [] });
    });
    expect(await jobIds(pool)).toEqual([1]);
  });
});
