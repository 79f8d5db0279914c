import type { Duration } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { jobIds, jobsCleanup, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();

describe('share', () => {
  test('run refuses when more would go than maxShare, until it is given the plan', async () => {
    const pool = db.pool();
    await makeJobs(pool, 6, 4);
    const cleanup = jobsCleanup(pool, {}, { safety: { maxShare: 0.5 } });
    const refused = await cleanup.run();
    expect(refused).toMatchObject({ ok: false, deleted: 0 });
    expect(refused.policies.jobs).toMatchObject({
      stopped: 'refused',
      refusals: [{ code: 'share' }],
    });
    expect(refused.policies.jobs.refusals[0]?.message).toContain('6 of 10 rows (60 %)');
    expect(await jobIds(pool)).toHaveLength(10);

    const plan = await cleanup.plan();
    expect(plan.ok).toBe(false);
    const report = await cleanup.run({ plan: JSON.parse(JSON.stringify(plan)) });
    expect(report).toMatchObject({ ok: true, deleted: 6 });
    // The cut-off that was looked at, not a later one.
    expect(report.policies.jobs.cutOff).toBe(plan.policies.jobs.cutOff);
  });

  test('exactly maxShare is allowed; an empty table has no share', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5, 5);
    const cleanup = jobsCleanup(pool, {}, { safety: { maxShare: 0.5 } });
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 5 });
    await pool.query('truncate jobs');
    expect((await cleanup.plan()).policies.jobs).toMatchObject({ share: 0, refusals: [] });
  });

  test('a plan of another policy is refused, whatever it differs in', async () => {
    const pool = db.pool();
    await makeJobs(pool, 6, 4);
    const base = { safety: { maxShare: 0.5 }, where: sql`id < ${100}` };
    const plan = await jobsCleanup(pool, {}, base).plan();
    const others = [
      { where: sql`id < ${101}` },
      { where: sql`id < ${'100'}` },
      { where: sql`id <= ${100}` },
      { where: undefined },
      { olderThan: { column: 'started_at', age: '89d' } },
    ];
    for (const other of others) {
      const report = await jobsCleanup(pool, {}, { ...base, ...other }).run({ plan });
      expect(report.policies.jobs).toMatchObject({
        stopped: 'refused',
        refusals: [{ code: 'plan' }],
      });
    }
    expect(await jobIds(pool)).toHaveLength(10);
    // What only says when to ask may change.
    const same = jobsCleanup(pool, {}, { ...base, safety: { maxShare: 0.1 } });
    expect(await same.run({ plan })).toMatchObject({ ok: true, deleted: 6 });
  });

  test('a policy that the plan does not show is refused, not run unseen', async () => {
    const pool = db.pool();
    await makeJobs(pool, 4, 6);
    const olderThan = { column: 'started_at', age: '90d' } as const;
    const policies = { earlier: { table: 'jobs', olderThan } };
    const plan = await createCleanup({ pool, policies }).plan();
    const report = await jobsCleanup(pool).run({ plan });
    expect(report.policies.jobs).toMatchObject({
      stopped: 'refused',
      refusals: [{ code: 'plan', message: expect.stringContaining('does not show') }],
    });
    expect(await jobIds(pool)).toHaveLength(10);
  });

  test('a plan does not accept what it did not show', async () => {
    const pool = db.pool();
    await makeJobs(pool, 6, 4);
    const cleanup = jobsCleanup(pool, {}, { safety: { maxShare: 0.5 } });
    const plan = await cleanup.plan();
    await pool.query(`update jobs set started_at = now() - interval '1 year' where id > 8`);
    expect((await cleanup.run({ plan })).policies.jobs.refusals).toMatchObject([{ code: 'share' }]);
    // Nor one in which the share was not yet known.
    const jobs = { ...plan.policies.jobs, share: null };
    expect(await cleanup.run({ plan: { ...plan, policies: { jobs } } })).toMatchObject({
      ok: false,
    });
    expect(await jobIds(pool)).toHaveLength(10);
  });

  test('a plan with a later cut-off than the age allows is refused', async () => {
    const pool = db.pool();
    await makeJobs(pool, 6, 4);
    const cleanup = jobsCleanup(pool);
    const plan = await cleanup.plan();
    const jobs = { ...plan.policies.jobs, cutOff: '2999-01-01T00:00:00.000000Z' };
    const report = await cleanup.run({ plan: { ...plan, policies: { jobs } } });
    expect(report.policies.jobs).toMatchObject({
      stopped: 'refused',
      refusals: [{ code: 'plan' }],
    });
    expect(await jobIds(pool)).toHaveLength(10);
  });
});

test('a share that was accepted once is not asked again, that of a shortened age is', async () => {
  const pool = db.pool();
  await makeJobs(pool, 70, 30);
  const of = (age: Duration) =>
    jobsCleanup(pool, {}, { olderThan: { column: 'started_at', age }, safety: {} });
  const long = of('90d');
  expect((await long.run()).policies.jobs.refusals).toMatchObject([{ code: 'share' }]);
  const first = await long.run({ plan: await long.plan(), budget: { rows: 10 } });
  expect(first.policies.jobs).toMatchObject({ stopped: 'budget-rows', deleted: 10 });
  // 60 of 90 is less than the 70 % that were accepted; nobody has to look again.
  expect((await long.run({ budget: { rows: 5 } })).policies.jobs.deleted).toBe(5);
  const short = of('80d');
  expect(await short.run()).toMatchObject({
    ok: false,
    deleted: 0,
    policies: { jobs: { stopped: 'refused', refusals: [{ code: 'share' }] } },
  });
  const { hash } = await short.plan();
  expect(await short.run({ accept: hash })).toMatchObject({ ok: true, deleted: 55 });
});
