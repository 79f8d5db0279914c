import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Cleanup, createCleanup, sql, toTable } from '../../src/index.ts';
import { useCleanupDatabase } from '../cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from '../expired-table.ts';
import { given } from './fixtures/given.config.ts';
import { FIXTURES } from './process.ts';
import { runLine } from './run-world.ts';

const db = useCleanupDatabase();
const CONFIG = ['--config', `${FIXTURES}given.config.ts`];

function line(cleanup: Cleanup, ...argv: readonly string[]): ReturnType<typeof runLine> {
  given.cleanup = cleanup;
  return runLine([...argv, ...CONFIG]);
}

function twoPolicies(pool: pg.Pool): Cleanup {
  return createCleanup({
    pool,
    pace: AT_ONCE,
    policies: {
      jobs: { table: 'jobs', olderThan: { column: 'started_at', age: '90d' } },
      gone: { table: 'no_such_table', olderThan: { column: 'at', age: '90d' } },
    },
  });
}

describe('plan, accept, run, status', () => {
  test('go from a refusal to a drained table', async () => {
    const pool = db.pool();
    await makeJobs(pool, 30, 10);
    const cleanup = jobsCleanup(
      pool,
      {},
      { safety: { maxShare: 0.5 }, where: sql`status <> ${'x'}` },
    );
    const refused = await line(cleanup, 'run');
    expect(refused.exitCode).toBe(4);
    expect(refused.stdout).toMatch(/refused \(share\): 30 of 40 rows/);

    const plan = await line(cleanup, 'plan', '--sql');
    expect(plan.exitCode).toBe(4);
    expect(plan.stdout).toMatch(
      /^jobs +\S+\."jobs" +delete +\S+ \S+ +30 +40 +75 % +index jobs_started_at_idx$/m,
    );
    expect(plan.stdout).toContain('for update');
    expect(plan.stdout).toMatch(/\$\d = "x"/);
    const [, command = ''] = /To accept it: ops-cleanup (run --accept \S+)/.exec(plan.stdout) ?? [];

    const wrong = await line(cleanup, 'run', '--accept', 'feedc0de');
    expect(wrong.exitCode).toBe(4);
    expect(await jobIds(pool)).toHaveLength(40);

    const done = await line(cleanup, ...command.split(' '));
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toMatch(/^jobs +drained +30 /m);
    expect(await jobIds(pool)).toHaveLength(10);

    const status = await line(cleanup, 'status');
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toMatch(/^jobs +\S+ +none +\S+ \S+ +drained +30 /m);
  });

  test('of several policies the worst decides, and the others are done', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10, 20);
    const both = await line(twoPolicies(pool), 'run');
    expect(both.exitCode).toBe(4);
    expect(both.stdout).toMatch(/^jobs +drained +10 /m);
    expect(both.stdout).toMatch(/^gone +refused +0 /m);
    expect(both.stdout).toContain('refused (unknown-table)');
    const one = await line(twoPolicies(pool), 'run', '--policy', 'jobs');
    expect(one.exitCode).toBe(0);
    expect(await line(twoPolicies(pool), 'run', '--policy', 'other')).toMatchObject({
      exitCode: 2,
    });
  });

  test('a budget leaves work, and so do rows that cannot be deleted', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20, 20);
    const cleanup = jobsCleanup(pool);
    const budget = await line(cleanup, 'run', '--rows', '5', '--json');
    expect(budget.exitCode).toBe(3);
    expect(JSON.parse(budget.stdout)).toMatchObject({
      exitCode: 3,
      report: {
        runId: expect.stringMatching(/^[\da-f-]{36}$/),
        deleted: 5,
        policies: { jobs: { stopped: 'budget-rows' } },
      },
    });
    await pool.query(`
      create table steps (job int references jobs);
      insert into steps values (20)`);
    const blocked = await line(cleanup, 'run');
    expect(blocked.exitCode).toBe(3);
    expect(blocked.stdout).toMatch(/blocked: id 20: rejected/);
  });

  test('names that try to act on a terminal do not', async () => {
    const pool = db.pool();
    await pool.query(`create table "x\u001B[2J" (id int primary key, at timestamptz)`);
    const cleanup = createCleanup({
      pool,
      policies: { odd: { table: 'x\u001B[2J', olderThan: { column: 'at', age: '1d' } } },
    });
    for (const command of ['plan', 'run', 'status', 'doctor']) {
      const { stdout, stderr, written } = await line(cleanup, command);
      expect(stdout + stderr + written).toContain('\\u001b[2J');
      expect(stdout + stderr + written).not.toContain('\u001B');
    }
  });
});

test('undo takes back what a run marked', async () => {
  const pool = db.pool();
  await makeJobs(pool, 6, 6);
  await pool.query('alter table jobs add deleted_at timestamptz');
  const softDelete = { set: { status: 'archived' }, at: 'deleted_at', purgeAfter: '30d' } as const;
  const cleanup = jobsCleanup(pool, {}, { softDelete });
  const marked = await line(cleanup, 'run');
  expect(marked.stdout).toMatch(/^jobs +drained +0 +6/m);
  const [, runId = ''] =
    /^run (\S+); to take it back: ops-cleanup undo \1$/m.exec(marked.stdout) ?? [];
  const undone = await line(cleanup, 'undo', runId);
  expect(undone.exitCode).toBe(0);
  expect(undone.stdout).toMatch(/^jobs +\S+ +6$/m);
  const { rows } = await pool.query(`select count(*)::int from jobs where status = 'completed'`);
  expect(rows).toEqual([{ count: 12 }]);
  expect(await line(cleanup, 'undo', 'nonsense')).toMatchObject({ exitCode: 2 });
  const unknown = await line(cleanup, 'undo', '00000000-0000-4000-8000-000000000000');
  expect(unknown).toMatchObject({ exitCode: 1 });
});

test('restore brings back what a run archived', async () => {
  const pool = db.pool();
  await makeJobs(pool, 6, 6);
  const archive = toTable(`${db.schema}.old_jobs`);
  const cleanup = jobsCleanup(pool, {}, { archive });
  const archived = await line(cleanup, 'run');
  expect(archived.stdout).toMatch(/^jobs +drained +6 +6 /m);
  const [, runId = ''] =
    /; to take it back: ops-cleanup restore (\S+)$/m.exec(archived.stdout) ?? [];
  const restored = await line(cleanup, 'restore', runId);
  expect(restored.exitCode).toBe(0);
  expect(restored.stdout).toMatch(/^jobs +\S+"jobs" +6$/m);
  expect(await jobIds(pool)).toHaveLength(12);
  const nothing = await line(cleanup, 'restore', '00000000-0000-4000-8000-000000000000');
  expect(nothing.exitCode).not.toBe(0);
});
