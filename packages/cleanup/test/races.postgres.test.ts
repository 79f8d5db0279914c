import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { jobIds, jobsCleanup, makeJobs, waitingFor } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();
const BATCH = 'with ops_cleanup_picked';
const PATIENT = { dutyCycle: 1, lockTimeout: '20s', statementTimeout: '25s' } as const;

/** Jobs with a tenant, a hold of their own, and a table that speaks for them. */
async function makeMatters(pool: pg.Pool): Promise<void> {
  await makeJobs(pool, 10);
  await pool.query(`
    alter table jobs add tenant int not null default 1, add hold boolean not null default false;
    create table kept (job_id int)`);
}

const MATTERS = sql`status = 'completed' and tenant = 1 and not hold and not exists (select from kept k where k.job_id = jobs.id)`;

/** What may happen to an expired row that makes it one to keep. */
const RESCUES = [
  ['turns fresh', 'update jobs set started_at = now() where id = 5'],
  ['changes its status', `update jobs set status = 'running' where id = 5`],
  ['goes to another tenant', 'update jobs set tenant = 2 where id = 5'],
  ['is held', 'update jobs set hold = true where id = 5'],
  ['is spoken for by another table', 'insert into kept values (5)'],
  [
    'is replaced by a fresh one of the same key',
    `delete from jobs where id = 5; insert into jobs values (5, 'completed', now(), 1, false)`,
  ],
] as const;

describe.each(RESCUES)('a row that %s', (_, rescue) => {
  test('in a transaction that commits while the sweep waits for it, survives', async () => {
    const pool = db.pool();
    await makeMatters(pool);
    const other = await db.pool().connect();
    await other.query(`begin; select from jobs where id = 5 for update; ${rescue}`);
    const running = jobsCleanup(pool, { pace: PATIENT }, { where: MATTERS }).run();
    await waitingFor(db.pool(), BATCH);
    // The walk went past it and took the others.
    expect(await jobIds(pool)).toEqual([5]);
    await other.query('commit');
    other.release();
    expect((await running).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 9 });
    expect(await jobIds(pool)).toEqual([5]);
  });

  test('after the batch took its snapshot and before it came to the row, survives', async () => {
    const pool = db.pool();
    await makeMatters(pool);
    await pool.query(`
      create function waits_at_3(id int) returns boolean language plpgsql as $$
      begin
        if id = 3 then perform pg_advisory_xact_lock_shared(hashtext('${db.schema}')); end if;
        return true;
      end $$`);
    const other = await db.pool().connect();
    let isHeld = false;
    const held = interceptedPool(pool, async (text, run) => {
      if (text.startsWith(BATCH) && !isHeld) {
        isHeld = true;
        await other.query(`select pg_advisory_lock(hashtext('${db.schema}'))`);
      }
      return run();
    });
    const where = sql`${MATTERS} and waits_at_3(id)`;
    const running = jobsCleanup(pool, { pool: held, pace: PATIENT }, { where }).run();
    await waitingFor(db.pool(), BATCH);
    await other.query(rescue);
    await other.query('select pg_advisory_unlock_all()');
    other.release();
    expect((await running).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 9 });
    expect(await jobIds(pool)).toEqual([5]);
  });

  test('between the statement that picks and the one that deletes, waits or survives', async () => {
    const pool = db.pool();
    await makeMatters(pool);
    const other = await db.pool().connect();
    let rescuing: Promise<unknown> | undefined;
    const held = interceptedPool(pool, async (text, run) => {
      if (text.startsWith('delete from only') && !rescuing) {
        rescuing = other.query(rescue);
        // A change of the row waits for its lock; one of another table is there at once.
        if (rescue.startsWith('insert into kept')) await rescuing;
        else await waitingFor(db.pool(), rescue.slice(0, 30));
      }
      return run();
    });
    const running = jobsCleanup(pool, { pool: held, pace: PATIENT }, { where: MATTERS }).run();
    const { deleted } = (await running).policies.jobs;
    await rescuing;
    other.release();
    const isOther = rescue.startsWith('insert into kept');
    expect(deleted).toBe(isOther ? 9 : 10);
    // What waited found the row gone; the new one of the same key is not the one that was picked.
    expect(await jobIds(pool)).toEqual(isOther || rescue.includes('; insert') ? [5] : []);
  });
});

test('the race is one: the usual form deletes the row', async () => {
  const pool = db.pool();
  await makeJobs(pool, 10);
  const other = await db.pool().connect();
  await other.query('begin; update jobs set started_at = now() where id = 5');
  const usual = `delete from jobs where id in (
    select id from jobs where started_at < now() - interval '90 days' limit 100)`;
  const running = pool.query(usual);
  await waitingFor(db.pool(), 'delete from jobs where id in');
  await other.query('commit');
  other.release();
  await running;
  expect(await jobIds(pool)).toEqual([]);
});

test('a row that is touched and stays expired is deleted, also when it moves in the order', async () => {
  const pool = db.pool();
  await makeJobs(pool, 10);
  const other = await db.pool().connect();
  await other.query(`begin;
    update jobs set status = 'failed' where id = 4;
    update jobs set started_at = started_at - interval '1 year' where id = 8;
    update jobs set started_at = now() - interval '91 days' where id = 2`);
  const pace = { ...PATIENT, maxBatch: 2 };
  const running = jobsCleanup(pool, { pace }).run();
  await waitingFor(db.pool(), BATCH);
  await other.query('commit');
  other.release();
  expect((await running).policies.jobs).toMatchObject({
    stopped: 'drained',
    deleted: 10,
    picked: 10,
  });
  expect(await jobIds(pool)).toEqual([]);
});

test('two runners with two pools never delete or count a row twice', async () => {
  const pool = db.pool();
  await makeJobs(pool, 5_000, 10);
  const runners = [db.pool(), db.pool(), db.pool()].map((each) =>
    jobsCleanup(each, { pace: { dutyCycle: 1, maxBatch: 50, lockTimeout: '1s' } }),
  );
  const reports = await Promise.all(runners.map((runner) => runner.run()));
  const results = reports.map((report) => report.policies.jobs);
  const left = await jobIds(pool);
  expect(results.reduce((sum, result) => sum + result.deleted, 0)).toBe(5_010 - left.length);
  expect(left).toHaveLength(10);
  // Somebody finishes; who met another's batch left it to them.
  expect(results.filter(({ stopped }) => stopped === 'drained').length).toBeGreaterThanOrEqual(1);
  expect(results.every(({ stopped }) => stopped === 'drained' || stopped === 'busy')).toBe(true);
  expect(reports.every((report) => report.ok)).toBe(true);
});

test('a runner that meets another’s batch stops with busy, and leaves no lock behind', async () => {
  const pool = db.pool();
  await makeJobs(pool, 10);
  const blocker = await db.pool().connect();
  await blocker.query('begin; select from jobs where id = 5 for update');
  const first = jobsCleanup(pool, { pace: PATIENT }).run();
  await waitingFor(db.pool(), BATCH);
  const second = await jobsCleanup(db.pool()).run();
  expect(second).toMatchObject({ ok: true, deleted: 0 });
  expect(second.policies.jobs).toMatchObject({ stopped: 'busy', deleted: 0 });
  await blocker.query('rollback');
  blocker.release();
  expect((await first).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 10 });
  const locks = await pool.query(
    `
    select from pg_locks
    where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`,
  );
  expect(locks.rowCount).toBe(0);
});
