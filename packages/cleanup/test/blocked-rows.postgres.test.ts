import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupEvent, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();

const RAISE_FOR = (condition: string, body: string): string => `
  create function guard() returns trigger language plpgsql as $$
  begin
    if ${condition} then ${body} end if;
    return old;
  end $$;
  create trigger guard before delete on jobs for each row execute function guard()`;

describe('a row that cannot be deleted', () => {
  test('is found, named with its reason, and passed', async () => {
    const pool = db.pool();
    await makeJobs(pool, 1_000, 2);
    await pool.query(`
      create table bills (job_id int references jobs on delete restrict);
      insert into bills values (1), (500), (1000)`);
    const events: CleanupEvent[] = [];
    const onEvent = (event: CleanupEvent) => events.push(event);
    const report = await jobsCleanup(pool, { onEvent }).run();
    expect(await jobIds(pool)).toEqual([1, 500, 1000, 1001, 1002]);
    expect(report.ok).toBe(false);
    const { jobs } = report.policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', picked: 997, deleted: 997, blockedCount: 3 });
    expect(jobs.blocked.map((row) => row.key)).toEqual([
      { id: '1' },
      { id: '500' },
      { id: '1000' },
    ]);
    expect(jobs.blocked[0]).toMatchObject({ reason: 'rejected', constraint: 'bills_job_id_fkey' });
    expect(jobs.blocked[0]?.code).toMatch(/^23(001|503)$/);
    // About log2 of a batch for each, in the walk and again in the sweep.
    const failures = events.filter((event) => event.type === 'batch-failed').length;
    expect(failures).toBeLessThan(60);
    expect(jobs.batches.failedCount).toBeGreaterThanOrEqual(failures);
  });

  test('by a trigger that raises, whatever SQLSTATE it uses', async () => {
    const pool = db.pool();
    await makeJobs(pool, 50);
    const raise = `raise exception 'held: %', old.id using errcode = (array['P0001', '42501', '22023'])[1 + old.id % 3];`;
    await pool.query(RAISE_FOR('old.id between 20 and 24', raise));
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 45, blockedCount: 5 });
    expect(jobs.blocked[0]).toMatchObject({
      key: { id: '20' },
      message: 'held: 20',
      code: '22023',
    });
  });

  test('by a check at commit', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(`
      create table bills (job_id int references jobs deferrable initially deferred);
      insert into bills values (7)`);
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    expect(jobs).toMatchObject({
      stopped: 'blocked',
      deleted: 19,
      blockedCount: 1,
      unconfirmed: 0,
    });
    expect(jobs.blocked).toMatchObject([{ key: { id: '7' }, code: '23503' }]);
  });

  test('because a trigger keeps it, is counted as skipped, and the run ends', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(RAISE_FOR('old.id <= 3', 'return null;'));
    const { jobs } = (await jobsCleanup(pool, { pace: { ...AT_ONCE, maxBatch: 3 } }).run())
      .policies;
    expect(await jobIds(pool)).toEqual([1, 2, 3]);
    expect(jobs).toMatchObject({
      stopped: 'blocked',
      picked: 20,
      deleted: 17,
      skipped: 3,
      blockedCount: 0,
    });
  });

  test('because another session has it locked all the time, ends in blocked', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    const other = await db.pool().connect();
    await other.query('begin; select from jobs where id in (3, 9) for update');
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    await other.query('rollback');
    other.release();
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 18, blockedCount: 2 });
    expect(jobs.blocked).toMatchObject([
      { key: { id: '3' }, reason: 'locked', code: '55P03' },
      { key: { id: '9' }, reason: 'locked', code: '55P03' },
    ]);
    expect(await jobIds(pool)).toEqual([3, 9]);
  });

  test('because a child that goes with it is locked, does not take its batch along', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(`
      create table steps (job_id int references jobs on delete cascade);
      create index on steps (job_id);
      insert into steps select id from jobs`);
    const other = await db.pool().connect();
    await other.query('begin; select from steps where job_id = 6 for update');
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    await other.query('rollback');
    other.release();
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 19 });
    expect(jobs.blocked).toMatchObject([{ key: { id: '6' }, reason: 'locked' }]);
  });

  test('because it is too slow, halves the batch and names the row', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(RAISE_FOR('old.id = 11', 'perform pg_sleep(60);'));
    const pace = { ...AT_ONCE, statementTimeout: '200ms' } as const;
    const { jobs } = (await jobsCleanup(pool, { pace }).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 19 });
    expect(jobs.blocked).toMatchObject([{ key: { id: '11' }, reason: 'slow', code: '57014' }]);
  });

  test('only until later rows that reference it are gone, is gone at the end', async () => {
    const pool = db.pool();
    await makeJobs(pool, 30);
    await pool.query(`
      alter table jobs add column parent int references jobs;
      create index on jobs (parent);
      update jobs set parent = id - 1 where id > 27`);
    const pace = { ...AT_ONCE, maxBatch: 1 };
    expect((await jobsCleanup(pool, { pace }).run()).policies.jobs).toMatchObject({
      stopped: 'drained',
      deleted: 30,
      blockedCount: 0,
    });
  });

  test('does not keep the run from the others, however many lie before them', async () => {
    const pool = db.pool();
    await makeJobs(pool, 200);
    await pool.query(RAISE_FOR('old.id <= 150', `raise exception 'no';`));
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 50, blockedCount: 150 });
    expect(jobs.blocked).toHaveLength(100);
    // One try for each, in each of two passes, and the way to the first and away from the last.
    expect(jobs.batches.failedCount).toBeLessThan(2 * (150 + 20));
  });

  test('because of one that has hundreds locked, ends the sweep early', async () => {
    const pool = db.pool();
    await makeJobs(pool, 300);
    const other = await db.pool().connect();
    await other.query('begin; select from jobs where id <= 250 for update');
    const pace = { ...AT_ONCE, lockTimeout: '1ms' } as const;
    const { jobs } = (await jobsCleanup(pool, { pace }).run()).policies;
    await other.query('rollback');
    other.release();
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 50, blockedCount: 100 });
    expect(jobs.notes.join()).toContain('100 rows that other sessions have locked');
  });
});

test('a condition that never ends by itself cannot make the run endless', async () => {
  const pool = db.pool();
  await makeJobs(pool, 100);
  const { jobs } = (await jobsCleanup(pool, {}, { where: sql`random() < 0.5` }).run()).policies;
  expect(['drained', 'blocked']).toContain(jobs.stopped);
  expect(jobs.deleted).toBe(100 - (await jobIds(pool)).length);
});

test('a table that is locked as a whole is waited for, without blaming its rows', async () => {
  const pool = db.pool();
  await makeJobs(pool, 20);
  const other = await db.pool().connect();
  let attempts = 0;
  const locked = interceptedPool(pool, async (text, run) => {
    if (text.startsWith('lock table')) {
      attempts += 1;
      if (attempts === 1) await other.query('begin; lock table jobs in share mode');
      if (attempts === 2) await other.query('rollback');
    }
    return run();
  });
  const { jobs } = (await jobsCleanup(pool, { pool: locked }).run()).policies;
  other.release();
  expect(jobs).toMatchObject({ stopped: 'drained', deleted: 20, blockedCount: 0 });
});

describe('a key whose text a cast to its own type name would cut', () => {
  test.each([
    ['char(26)', `lpad(n::text, 26, '0')`],
    ['bit(16)', 'n::bit(16)'],
  ])('%s: a row that stays is passed, and the rows behind it go', async (type, value) => {
    const pool = db.pool();
    await pool.query(`
      create table jobs (id ${type} primary key, started_at timestamptz not null);
      insert into jobs select ${value}, '2020-01-01' from generate_series(1, 20) n;
      create table bills (job_id ${type} references jobs);
      insert into bills select id from jobs order by id offset 5 limit 2`);
    const controller = new AbortController();
    let eventCount = 0;
    // Instead of walking in a circle for ever.
    const onEvent = (): void => {
      eventCount += 1;
      if (eventCount > 500) controller.abort();
    };
    const pace = { ...AT_ONCE, maxBatch: 5 };
    const cleanup = jobsCleanup(pool, { pace, onEvent });
    const { jobs } = (await cleanup.run({ signal: controller.signal })).policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted: 18, blockedCount: 2 });
    expect(await count(pool)).toBe(2);
  });

  async function count(pool: pg.Pool): Promise<number | undefined> {
    return (await pool.query<{ n: number }>('select count(*)::int as n from jobs')).rows[0]?.n;
  }
});

test('rows that come back as fast as they go end the run, which does not call that drained', async () => {
  const pool = db.pool();
  await makeJobs(pool, 20);
  await pool.query(`
    create function again() returns trigger language plpgsql as $$
    begin
      insert into jobs select (old).*;
      return null;
    end $$;
    create trigger again after delete on jobs for each row execute function again()`);
  const report = await jobsCleanup(pool).run();
  expect(report).toMatchObject({
    ok: false,
    policies: {
      jobs: {
        stopped: 'blocked',
        blockedCount: 0,
        notes: [expect.stringContaining('kept coming'), expect.any(String)],
      },
    },
  });
  expect(await jobIds(pool)).toHaveLength(20);
});
