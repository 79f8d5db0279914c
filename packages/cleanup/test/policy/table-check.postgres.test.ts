import { expect, test } from 'vitest';
import { type CleanupPolicy, createCleanup, toTable } from '../../src/index.ts';
import { useCleanupDatabase } from '../cleanup-database.ts';
import { AT_ONCE, jobsCleanup, makeJobs } from '../expired-table.ts';

const db = useCleanupDatabase();
const olderThan = { column: 'started_at', age: '90d' } as const;
const safety = { maxShare: 1 };

test('a foreign table is refused, and a materialized view, each by what it is', async () => {
  const pool = db.pool();
  await pool.query(`
    create foreign data wrapper none_${db.schema};
    create server none_${db.schema} foreign data wrapper none_${db.schema};
    create foreign table elsewhere (id int, started_at timestamptz) server none_${db.schema};
    create materialized view numbers as select 1 as id, now() as started_at`);
  const of = (table: string): CleanupPolicy => ({ table, olderThan });
  const cleanup = createCleanup({
    pool,
    policies: { elsewhere: of('elsewhere'), numbers: of('numbers') },
  });
  const { elsewhere, numbers } = (await cleanup.plan()).policies;
  expect(elsewhere.refusals).toMatchObject([
    { code: 'table-kind', message: expect.stringContaining('a foreign table') },
  ]);
  expect(numbers.refusals).toMatchObject([
    { code: 'table-kind', message: expect.stringContaining('a materialized view') },
  ]);
  await pool.query(`drop foreign data wrapper none_${db.schema} cascade`);
});

test('a table with rules that rewrite a delete is refused: what went would not be what was picked', async () => {
  const pool = db.pool();
  await makeJobs(pool, 5);
  const rules = [
    'create rule never as on delete to jobs do instead nothing',
    'create rule never as on delete to jobs do instead update jobs set status = $$gone$$',
    'create rule never as on delete to jobs do also delete from jobs where id = 1',
    'create rule never as on update to jobs do instead nothing',
  ];
  for (const rule of rules) {
    await pool.query(rule);
    const { refusals } = (await jobsCleanup(pool).plan()).policies.jobs;
    expect(refusals).toMatchObject([
      { code: 'table-kind', message: expect.stringContaining('(never)') },
    ]);
    expect((await jobsCleanup(pool).run()).policies.jobs).toMatchObject({ stopped: 'refused' });
    await pool.query('drop rule never on jobs');
  }
  // What is switched off, or is about inserts, does nothing to a delete.
  await pool.query(`
    create rule off as on delete to jobs do instead nothing;
    alter table jobs disable rule off;
    create rule inserts as on insert to jobs where false do instead nothing`);
  expect((await jobsCleanup(pool).run()).policies.jobs).toMatchObject({ deleted: 5 });
});

test('a table that cascades to itself is named in the plan, deleted, and not archived by halves', async () => {
  const pool = db.pool();
  await makeJobs(pool, 30, 20);
  await pool.query(`
    alter table jobs add parent int references jobs on delete cascade;
    create index on jobs (parent);
    update jobs set parent = 1 where id in (2, 3, 31);
    update jobs set parent = 3 where id in (4, 32)`);
  const archived = jobsCleanup(pool, {}, { archive: toTable(`${db.schema}.old_jobs`) });
  const refused = (await archived.plan()).policies.jobs;
  expect(refused.refusals).toMatchObject([{ code: 'cycle' }]);
  expect(refused.refusals[0]?.message).toMatch(/"jobs" → \S+"jobs"/);
  expect((await archived.run()).policies.jobs).toMatchObject({ stopped: 'refused', deleted: 0 });
  const plan = (await jobsCleanup(pool).plan()).policies.jobs;
  expect(plan.refusals).toEqual([]);
  expect(plan.cycles).toHaveLength(1);
  expect(plan.warnings.join()).toMatch(/in a circle, \S+"jobs" → \S+"jobs": .* due or not/);
  expect((await jobsCleanup(pool).run()).policies.jobs).toMatchObject({ stopped: 'drained' });
  // 31 and 32 are of today, and went with what they belong to, as the plan says.
  const { rows } = await pool.query<{ ids: string }>(
    `select string_agg(id::text, ',' order by id) as ids from jobs`,
  );
  expect(rows[0]?.ids).toBe(Array.from({ length: 18 }, (_, n) => n + 33).join(','));
});

test('a table that cascades to itself is refused where rows may be held: a held one could go along', async () => {
  const pool = db.pool();
  await makeJobs(pool, 5, 10);
  await pool.query(`
    alter table jobs add parent int references jobs on delete cascade;
    create index on jobs (parent);
    update jobs set parent = 1 where id = 7;
    create table legal_holds (job int primary key);
    insert into legal_holds values (7)`);
  const holds = [{ table: 'legal_holds', on: { job: 'id' } }];
  const { jobs } = (await jobsCleanup(pool, { holds }).run()).policies;
  expect(jobs).toMatchObject({ stopped: 'refused', deleted: 0, refusals: [{ code: 'cycle' }] });
  expect(jobs.refusals[0]?.message).toContain('a held row could be deleted along');
  const exempt = { exempt: true, because: 'the parents are ours' };
  const freed = await jobsCleanup(pool, { holds }, { holds: exempt }).run();
  expect(freed.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 5 });
});

test('policies on one table are named to each other, and a row goes by the first', async () => {
  const pool = db.pool();
  await makeJobs(pool, 10, 10);
  const cleanup = createCleanup({
    pool,
    pace: AT_ONCE,
    policies: {
      short: { table: 'jobs', olderThan, safety },
      long: { table: `${db.schema}.jobs`, olderThan: { ...olderThan, age: '95d' }, safety },
    },
  });
  const { short, long } = (await cleanup.plan()).policies;
  expect(short.warnings.join()).toContain('Policies on the same table: long');
  expect(long.warnings.join()).toContain('Policies on the same table: short');
  const { policies, deleted } = await cleanup.run();
  expect(deleted).toBe(10);
  expect(policies.short).toMatchObject({ stopped: 'drained', deleted: 10 });
  expect(policies.long).toMatchObject({ stopped: 'drained', deleted: 0 });
});

test('a child that restricts holds its row back, alone, and is named in the plan', async () => {
  const pool = db.pool();
  await makeJobs(pool, 40, 5);
  await pool.query(`
    create table steps (job int references jobs on delete restrict);
    insert into steps values (7), (8), (41)`);
  const plan = (await jobsCleanup(pool).plan()).policies.jobs;
  expect(plan.foreignKeys).toMatchObject([{ onDelete: 'restrict', isIndexed: false }]);
  expect(plan.warnings.join()).toContain('references stay, and are reported as blocked');
  // Found by trying first; with an index on the child they are not even picked.
  for (const deleted of [38, 0]) {
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'blocked', deleted, blockedCount: 2 });
    expect(jobs.blocked.map(({ key }) => key['id'])).toEqual(['7', '8']);
    await pool.query('create index if not exists by_job on steps (job)');
  }
});
