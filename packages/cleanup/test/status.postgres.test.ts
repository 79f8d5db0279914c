import { expect, test } from 'vitest';
import { type CleanupReport, createCleanup, type SqlFragment, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobsCleanup, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();
const DAY_MS = 86_400_000;

test('tells how late a policy is before its first run, and that it is not after it', async () => {
  const pool = db.pool();
  await pool.query('delete from ops_cleanup.policy_runs');
  await makeJobs(pool, 10, 5);
  const cleanup = jobsCleanup(pool);
  const before = await cleanup.status();
  expect(before).toMatchObject({ ok: false, running: null });
  // The rows are 100 days old, the age is 90 days.
  const { lateMs, why } = before.policies.jobs;
  expect(lateMs).toBeGreaterThanOrEqual(10 * DAY_MS);
  expect(lateMs).toBeLessThan(11 * DAY_MS);
  expect(why).toBe('Rows are due, the oldest row for 10 days, and no run has drained it yet');
  await cleanup.run();
  const after = await cleanup.status();
  expect(after).toMatchObject({
    ok: true,
    policies: {
      jobs: {
        lateMs: 0,
        isOverdue: false,
        why: 'No row is due',
        lastRun: { stopped: 'drained', deleted: 10 },
      },
    },
  });
  expect(after.policies.jobs.lastDrainedAt).toBe(after.policies.jobs.lastRun?.endedAt);
});

test('a policy that is not drained for longer than it may is overdue, and says for how long', async () => {
  const pool = db.pool();
  await makeJobs(pool, 3);
  const cleanup = jobsCleanup(pool);
  await cleanup.run();
  await pool.query(`insert into jobs (id, started_at) values (99, now() - interval '91 days')`);
  expect(await cleanup.status()).toMatchObject({ ok: true });
  await pool.query(`
    update ops_cleanup.policy_runs
    set started_at = started_at - interval '5 days', ended_at = ended_at - interval '5 days'`);
  const { policies } = await cleanup.status();
  expect(policies.jobs).toMatchObject({
    isOverdue: true,
    why: 'Rows are due, and the last run that drained it ended 5 days ago, limit 48 h; the last run ended with drained',
  });
  expect((await cleanup.status({ overdueAfter: '6d' })).ok).toBe(true);
});

test('what cannot be looked at is overdue, and says why', async () => {
  const pool = db.pool();
  const { policies } = await jobsCleanup(pool).status();
  expect(policies.jobs).toMatchObject({ lateMs: null, isOverdue: true });
  expect(policies.jobs.why).toContain('is not there');
});

test('what is slow to look at takes 2 s for all partitions, and is judged by the runs that drained it', async () => {
  const pool = db.pool();
  await pool.query(`
    create table events (id int, at timestamptz, primary key (id, at)) partition by hash (id);
    create table e0 partition of events for values with (modulus 4, remainder 0);
    create table e1 partition of events for values with (modulus 4, remainder 1);
    create table e2 partition of events for values with (modulus 4, remainder 2);
    create table e3 partition of events for values with (modulus 4, remainder 3);
    insert into events select n, now() - interval '100 days' from generate_series(1, 40) n`);
  const events = (where: SqlFragment) =>
    createCleanup({
      pool,
      pace: AT_ONCE,
      policies: {
        events: {
          table: 'events',
          olderThan: { column: 'at', age: '90d' },
          where,
          safety: { maxShare: 1 },
        },
      },
    });
  const slow = events(sql`(select true from pg_sleep(0.8))`);
  await events(sql`id < 20`).run();
  expect((await slow.status()).policies.events).toMatchObject({
    lateMs: null,
    isOverdue: false,
    why: expect.stringMatching(/within 2 s, and the last run that drained it ended 0 min ago$/),
  });
  await pool.query(
    `update ops_cleanup.policy_runs set ended_at = ended_at - interval '5 days' where policy = 'events'`,
  );
  expect((await slow.status()).ok).toBe(false);
});

test('where partitions are dropped a row is not late before all of its partition is due', async () => {
  const pool = db.pool();
  await pool.query(`
    create table days (id int, at date, user_id int, primary key (id, at)) partition by range (at);
    create table d0 partition of days for values from (current_date - 200) to (current_date - 100);
    create table d1 partition of days for values from (current_date - 100) to (current_date + 1);
    create table legal_holds (subject_id int);
    insert into days values (1, current_date - 150, 1), (2, current_date - 99, 2), (3, current_date, 3)`);
  const cleanup = createCleanup({
    pool,
    pace: AT_ONCE,
    holds: [{ table: 'legal_holds', on: { subject_id: 'user_id' } }],
    policies: {
      days: {
        table: 'days',
        olderThan: { column: 'at', age: '30d', zone: 'UTC' },
        partitions: 'drop',
        safety: { maxShare: 1 },
      },
    },
  });
  const { lateMs, isOverdue } = (await cleanup.status()).policies.days;
  expect(isOverdue).toBe(true);
  // 100 days old at its end, 70 more than it may be, and up to a day by the time of day.
  expect((lateMs ?? 0) / DAY_MS).toBeGreaterThanOrEqual(69);
  expect((lateMs ?? 0) / DAY_MS).toBeLessThanOrEqual(71);
  await pool.query('insert into legal_holds values (1)');
  expect((await cleanup.status()).policies.days).toMatchObject({ lateMs: 0, isOverdue: false });
  await pool.query('delete from legal_holds');
  expect((await cleanup.run()).policies.days.droppedPartitions).toHaveLength(1);
  // Row 2 is older than 30 days by far, and stays with row 3.
  expect((await cleanup.status()).policies.days).toMatchObject({ lateMs: 0, isOverdue: false });
  expect((await pool.query('select id from days order by id')).rows).toEqual([
    { id: 2 },
    { id: 3 },
  ]);
});

test('of ages of each row it says only whether there is one', async () => {
  const pool = db.pool();
  await makeJobs(pool, 3);
  const cleanup = createCleanup({
    pool,
    pace: AT_ONCE,
    policies: {
      quiet: { table: 'jobs', inactiveFor: { age: '1d', since: sql`started_at` } },
    },
  });
  expect((await cleanup.status()).policies.quiet).toMatchObject({ lateMs: 1, isOverdue: false });
});

test('shows the run that is under way, and stop ends it after its batch', async () => {
  const pool = db.pool();
  await makeJobs(pool, 2_000);
  const cleanup = jobsCleanup(pool, { pace: { ...AT_ONCE, maxBatch: 1 } });
  const seen: string[] = [];
  const states: unknown[] = [];
  const stops: unknown[] = [];
  const reports: CleanupReport[] = [];
  for await (const event of cleanup.stream()) {
    seen.push(event.type);
    if (event.type === 'batch' && event.deleted === 2) {
      const { running } = await cleanup.status();
      states.push([running?.isStopRequested, running?.runId]);
      stops.push(await cleanup.stop({ by: 'ann', reason: 'deploy' }));
    }
    if (event.type === 'run-ended') reports.push(event.report);
  }
  const [[, runId] = []] = states as [unknown, string][];
  expect(states).toEqual([[false, runId]]);
  expect(stops).toEqual([{ runId }]);
  expect(reports).toMatchObject([{ policies: { jobs: { stopped: 'stopped' } } }]);
  expect(reports[0]?.deleted).toBeLessThan(2_000);
  expect(seen[0]).toBe('policy-started');
  expect(seen.at(-1)).toBe('run-ended');
  expect(await cleanup.stop()).toEqual({ runId: null });
  expect((await jobsCleanup(pool).run()).policies.jobs).toMatchObject({ stopped: 'drained' });
});

test('one of two runs works, the other leaves it to that one', async () => {
  const pool = db.pool({ max: 4 });
  await makeJobs(pool, 500);
  const one = jobsCleanup(pool, { pace: { ...AT_ONCE, maxBatch: 5 } });
  const reports = await Promise.all([one.run(), jobsCleanup(pool).run()]);
  expect(reports.map(({ policies }) => policies.jobs.stopped).toSorted()).toEqual([
    'busy',
    'drained',
  ]);
  expect(reports.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(500);
  const { running, policies } = await one.status();
  expect(running).toBeNull();
  // Only the one that got the lease is in the history, and says as what.
  const ids = new Set(reports.map(({ runId }) => runId));
  expect(ids).toEqual(new Set([policies.jobs.lastRun?.runId, undefined]));
});

test('without its tables a run fails and says what to do, and status and stop throw it', async () => {
  const pool = db.pool();
  await makeJobs(pool, 1);
  const cleanup = jobsCleanup(pool, { history: { schema: 'elsewhere' } });
  const report = await cleanup.run();
  expect(report).toMatchObject({ runId: undefined, ok: false, deleted: 0 });
  expect(report.policies.jobs.error?.cause).toMatchObject({
    code: 'ERR_OPS_CLEANUP_TABLES_MISSING',
  });
  for (const ask of [() => cleanup.status(), () => cleanup.stop()]) {
    await expect(ask()).rejects.toMatchObject({
      code: 'ERR_OPS_CLEANUP_TABLES_MISSING',
      schema: 'elsewhere',
    });
  }
  expect((await cleanup.plan()).ok).toBe(true);
});
