import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Hold, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { jobIds, jobsCleanup, makeJobs, waitingFor } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();
const PATIENT = { dutyCycle: 1, lockTimeout: '20s', statementTimeout: '25s' } as const;
const HOLDS: readonly Hold[] = [
  { table: 'legal_holds', on: { subject_id: 'user_id' }, active: sql`released_at is null` },
];

/** Ten due jobs of the users 1 to 10. */
async function makeHeldJobs(pool: pg.Pool): Promise<void> {
  await makeJobs(pool, 10);
  await pool.query(`
    alter table jobs add column user_id int;
    update jobs set user_id = id;
    create table legal_holds (subject_id int, released_at timestamptz)`);
}

describe('holds', () => {
  test('keep the rows that they cover, in the plan and in the run', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query(
      `insert into legal_holds values (3, null), (4, now()), (7, null), (null, null)`,
    );
    const cleanup = jobsCleanup(pool, { holds: HOLDS });
    const plan = await cleanup.plan();
    expect(plan.policies.jobs).toMatchObject({
      candidates: { count: 8 },
      holds: [`"${db.schema}"."legal_holds"`],
      exemptBecause: null,
      refusals: [],
    });
    expect((await cleanup.run()).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 8 });
    expect(await jobIds(pool)).toEqual([3, 7]);
  });

  test('in the table itself keep its rows, and the plan says what that costs its writers', async () => {
    const pool = db.pool();
    await makeJobs(pool, 4);
    const holds = [{ table: 'jobs', on: { id: 'id' }, active: sql`status = 'held'` }];
    await pool.query(`update jobs set status = 'held' where id = 3`);
    const cleanup = jobsCleanup(pool, { holds });
    expect((await cleanup.plan()).policies.jobs.warnings).toEqual([
      expect.stringContaining('keeps all other writers out'),
    ]);
    await cleanup.run();
    expect(await jobIds(pool)).toEqual([3]);
  });

  test('do not count for a policy that says why', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query('insert into legal_holds values (3, null)');
    const holds = { exempt: true, because: 'these rows are not personal' };
    const cleanup = jobsCleanup(pool, { holds: HOLDS }, { holds });
    expect((await cleanup.plan()).policies.jobs.exemptBecause).toBe('these rows are not personal');
    expect(await cleanup.run()).toMatchObject({ deleted: 10 });
  });

  test('are not missed below a row for row security that hides the held child: it is refused', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    const role = `${db.schema}_blind`;
    await pool.query(`
      create table mails (
        id int primary key,
        job_id int references jobs on delete cascade,
        user_id int
      );
      create index on mails (job_id);
      insert into mails values (1, 1, 77);
      insert into legal_holds values (77, null);
      alter table mails enable row level security;
      create role ${role};
      grant usage on schema ${db.schema}, ops_cleanup to ${role};
      grant all on all tables in schema ${db.schema}, ops_cleanup to ${role}`);
    try {
      const app = db.pool({ options: `-c search_path=${db.schema} -c role=${role}` });
      const { jobs } = (await jobsCleanup(app, { holds: HOLDS }).run()).policies;
      expect(jobs.refusals).toMatchObject([
        { code: 'row-security', message: expect.stringContaining('"mails"') },
      ]);
      expect(await jobIds(pool)).toHaveLength(10);
    } finally {
      await pool.query(`drop owned by ${role}; drop role ${role}`);
    }
    // Whoever sees the mail keeps its job.
    expect(await jobsCleanup(pool, { holds: HOLDS }).run()).toMatchObject({ ok: true, deleted: 9 });
    expect(await jobIds(pool)).toEqual([1]);
  });

  test('keep a row that would take a held one along, to any depth', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query(`
      create table steps (id int primary key, job_id int references jobs on delete cascade);
      create table mails (id int primary key, step_id int references steps on delete cascade, user_id int);
      create index on steps (job_id);
      create index on mails (step_id);
      insert into steps select id, id from jobs;
      insert into mails values (1, 2, 77), (2, 4, 88);
      insert into legal_holds values (3, null), (77, null), (88, now())`);
    const report = await jobsCleanup(pool, { holds: HOLDS }).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 8 });
    expect(await jobIds(pool)).toEqual([2, 3]);
    const holds = { exempt: true, because: 'a test' };
    const plan = await jobsCleanup(pool, { holds: HOLDS }, { holds }).plan();
    expect(plan.policies.jobs.warnings.join()).toMatch(/exempt from holds.*"steps"/);
  });

  test('on a row are none on children that have its number by chance', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query(`
      create table steps (id int primary key, job_id int references jobs on delete cascade);
      create table links (job_id int primary key references jobs on delete cascade);
      create table notes (id int, job_id int references links on delete cascade);
      create table twins (id int primary key references jobs on delete cascade);
      create table extras (id int primary key references twins on delete cascade);
      create index on steps (job_id);
      create index on notes (job_id);
      insert into steps values (3, 1), (9, 2);
      insert into links values (4);
      insert into notes values (3, 4);
      insert into twins values (3), (5);
      insert into extras values (3), (5);
      create table job_holds (job_id int);
      insert into job_holds values (3)`);
    const cleanup = jobsCleanup(pool, { holds: [{ table: 'job_holds', on: { job_id: 'id' } }] });
    const { jobs } = (await cleanup.plan()).policies;
    const inHolds = `("id") in "job_holds"`;
    // The keys of these two are the job's own, by foreign keys.
    expect(jobs).toMatchObject({
      candidates: { count: 9 },
      holdsBelow: [`"${db.schema}"."twins" ${inHolds}`, `"${db.schema}"."extras" ${inHolds}`],
    });
    expect((await cleanup.run()).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 9 });
    expect(await jobIds(pool)).toEqual([3]);
  });

  test('on a column of a child count there as part of a key, too', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query(`
      create table members (
        job_id int references jobs on delete cascade,
        user_id int,
        primary key (job_id, user_id)
      );
      create table watchers (user_id int primary key, job_id int references jobs on delete cascade);
      create index on watchers (job_id);
      insert into members values (1, 90), (2, 91);
      insert into watchers values (92, 3);
      insert into legal_holds values (90, null), (92, null)`);
    expect((await jobsCleanup(pool, { holds: HOLDS }).run()).policies.jobs).toMatchObject({
      stopped: 'drained',
      deleted: 8,
    });
    expect(await jobIds(pool)).toEqual([1, 3]);
  });

  test('that cannot be looked up or locked are refused, each with what to do', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    await pool.query(`
      create view seen as select * from legal_holds;
      create role ${db.schema}_app;
      grant usage on schema ${db.schema} to ${db.schema}_app;
      grant select, update, delete on jobs to ${db.schema}_app;
      grant select on legal_holds to ${db.schema}_app`);
    const refusalsOf = async (hold: Partial<Hold>, from = pool) => {
      const holds = [{ ...HOLDS[0], ...hold } as Hold];
      const { refusals } = (await jobsCleanup(from, { holds }).plan()).policies.jobs;
      return refusals.map(({ code, message }) => `${code}: ${message}`).join('\n');
    };
    expect(await refusalsOf({ table: 'nowhere' })).toMatch(/^unknown-table: .*nowhere/);
    expect(await refusalsOf({ table: 'seen' })).toMatch(/^table-kind: .*cannot be locked/);
    expect(await refusalsOf({ on: { subject: 'user_id' } })).toMatch(
      /^unknown-column: .*"subject"/,
    );
    expect(await refusalsOf({ on: { subject_id: 'owner' } })).toMatch(
      /^hold: .*no column "owner".*exempt: true/,
    );
    // `status` is a column of the jobs; the hold does not have it.
    expect(await refusalsOf({ active: sql`status = 'open'` })).toMatch(
      /^statement: column "status" does not exist/,
    );
    const app = db.pool({ options: `-c search_path=${db.schema} -c role=${db.schema}_app` });
    expect(await refusalsOf({}, app)).toMatch(/^hold-lock: .*grant update on .*"legal_holds"/);
    await pool.query(`grant update on legal_holds to ${db.schema}_app`);
    expect(await refusalsOf({}, app)).toBe('');
    await pool.query('alter table legal_holds enable row level security');
    expect(await refusalsOf({}, app)).toMatch(/^row-security: .*could be missed/);
    await pool.query(`drop owned by ${db.schema}_app; drop role ${db.schema}_app`);
  });

  test('that are being written when a batch starts are waited for', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    const other = await db.pool().connect();
    await other.query('begin; insert into legal_holds values (5, null)');
    const running = jobsCleanup(pool, { holds: HOLDS, pace: PATIENT }).run();
    await waitingFor(db.pool(), 'in share mode');
    expect(await jobIds(pool)).toHaveLength(10);
    await other.query('commit');
    other.release();
    expect((await running).policies.jobs).toMatchObject({ stopped: 'drained', deleted: 9 });
    expect(await jobIds(pool)).toEqual([5]);
  });

  test('that come while a batch runs wait for its end, and then find the row gone or kept', async () => {
    const pool = db.pool();
    await makeHeldJobs(pool);
    const other = await db.pool().connect();
    let adding: Promise<unknown> | undefined;
    const held = interceptedPool(pool, async (text, run) => {
      // Between the statement that picks the rows and the one that deletes them.
      if (text.startsWith('delete from only') && !adding) {
        adding = other.query('insert into legal_holds values (5, null)');
        await waitingFor(db.pool(), 'insert into legal_holds');
      }
      return run();
    });
    const report = await jobsCleanup(pool, { pool: held, holds: HOLDS, pace: PATIENT }).run();
    await adding;
    other.release();
    // The hold was not there before the batch was over: the row was rightly gone by then.
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 10 });
    expect((await pool.query('select from legal_holds')).rowCount).toBe(1);
  });
});
