import { getEventListeners } from 'node:events';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupEvent, createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs, waitingFor } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();
const BATCH = 'with ops_cleanup_picked';
const SMALL = { ...AT_ONCE, maxBatch: 5 };

async function expectNothingLeft(pool: pg.Pool): Promise<void> {
  expect(pool.totalCount).toBe(pool.idleCount);
  const open = await pool.query(
    `select from pg_stat_activity
     where datname = current_database() and state like 'idle in transaction%'`,
  );
  expect(open.rowCount).toBe(0);
}

describe('abort', () => {
  test('ends after the batch in progress, and leaves nothing behind', async () => {
    const pool = db.pool();
    await makeJobs(pool, 100);
    const controller = new AbortController();
    const onEvent = (event: CleanupEvent): void => {
      if (event.type === 'batch' && event.deleted === 15) controller.abort();
    };
    const { signal } = controller;
    const report = await jobsCleanup(pool, { pace: SMALL, onEvent }).run({ signal });
    expect(report).toMatchObject({ ok: true, deleted: 15 });
    expect(report.policies.jobs).toMatchObject({ stopped: 'aborted', deleted: 15 });
    expect(await jobIds(pool)).toHaveLength(85);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await expectNothingLeft(pool);
  });

  test('ends a pause at once', async () => {
    const pool = db.pool();
    await makeJobs(pool, 100);
    const controller = new AbortController();
    const cleanup = jobsCleanup(pool, {
      // A batch that took 1 ms would be followed by a pause of 99 ms; the first takes a second.
      pace: { dutyCycle: 0.01, maxBatch: 5 },
      pool: interceptedPool(pool, async (text, run) => {
        const result = await run();
        if (text === 'commit') await pool.query('select pg_sleep(0.2)');
        return result;
      }),
      onEvent: (event) => {
        if (event.type !== 'batch') return;
        expect(event.pauseMs).toBeGreaterThan(15_000);
        setTimeout(() => {
          controller.abort();
        }, 0);
      },
    });
    const report = await cleanup.run({ signal: controller.signal });
    expect(report.policies.jobs).toMatchObject({ stopped: 'aborted', deleted: 5 });
    expect(report.durationMs).toBeLessThan(15_000);
  });

  test('before the run touches nothing', async () => {
    const report = await jobsCleanup(db.pool()).run({ signal: AbortSignal.abort() });
    expect(report.policies.jobs).toMatchObject({ stopped: 'aborted', deleted: 0, cutOff: null });
  });

  test('ends the wait for a connection, and gives back one that comes late', async () => {
    const pool = db.pool({ max: 1 });
    await makeJobs(pool, 5);
    const only = await pool.connect();
    const controller = new AbortController();
    const running = jobsCleanup(pool).run({ signal: controller.signal });
    controller.abort();
    expect((await running).policies.jobs.stopped).toBe('aborted');
    only.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expectNothingLeft(pool);
  });
});

describe('settings', () => {
  test('none stays on the connection, whether the batch was committed or rolled back', async () => {
    const pool = db.pool({ max: 1 });
    await makeJobs(pool, 20);
    await pool.query(`
      create table bills (job_id int references jobs); insert into bills values (7)`);
    const settings = `select name, setting from pg_settings where source = 'session' or name in
      ('lock_timeout', 'statement_timeout', 'TimeZone', 'DateStyle', 'enable_seqscan', 'enable_sort', 'jit',
       'idle_in_transaction_session_timeout', 'extra_float_digits') order by name`;
    const before = await pool.query(settings);
    expect((await jobsCleanup(pool).run()).policies.jobs.stopped).toBe('blocked');
    expect((await pool.query(settings)).rows).toEqual(before.rows);
    await expectNothingLeft(pool);
  });
});

describe('a lost connection', () => {
  test('in the middle of a batch fails the policy, counts what was committed, and the next goes on', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(`
      create index on jobs (started_at, id); drop index jobs_started_at_idx;
      create table other (like jobs including all); insert into other select * from jobs;
      create function waits_at_12(id int) returns boolean language plpgsql as $$
      begin
        if id = 12 then perform pg_advisory_xact_lock_shared(hashtext('${db.schema}')); end if;
        return true;
      end $$`);
    const holder = await db.pool().connect();
    let isHeld = false;
    const held = interceptedPool(pool, async (text, run) => {
      if (text.startsWith(BATCH) && !isHeld) {
        isHeld = true;
        await holder.query(`select pg_advisory_lock(hashtext('${db.schema}'))`);
      }
      return run();
    });
    const olderThan = { column: 'started_at', age: '90d' } as const;
    const safety = { maxShare: 1 };
    const running = createCleanup({
      pool: held,
      pace: { ...SMALL, lockTimeout: '20s', statementTimeout: '25s' },
      policies: {
        jobs: { table: 'jobs', olderThan, safety, where: sql`waits_at_12(id)` },
        other: { table: 'other', olderThan, safety },
      },
    }).run();
    const pid = await waitingFor(db.pool(), BATCH);
    await db.pool().query('select pg_terminate_backend($1)', [pid]);
    const report = await running;
    await holder.query('select pg_advisory_unlock_all()');
    holder.release();
    expect(report.ok).toBe(false);
    expect(report.policies.jobs).toMatchObject({ stopped: 'failed', deleted: 10, unconfirmed: 0 });
    expect(report.policies.jobs.error?.cause).toMatchObject({ code: '57P01' });
    expect(report.policies.other).toMatchObject({ stopped: 'drained', deleted: 20 });
    expect(await jobIds(pool)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    await expectNothingLeft(pool);
  });

  /** Loses the connection at the second batch's COMMIT, before or after the server had it. */
  function losingPool(pool: pg.Pool, arrives: boolean) {
    let isBatch = false;
    let batchCount = 0;
    return interceptedPool(pool, async (text, run) => {
      if (text.startsWith('begin')) isBatch = false;
      if (text.startsWith(BATCH)) isBatch = true;
      if (text !== 'commit' || !isBatch) return run();
      batchCount += 1;
      if (batchCount !== 2) return run();
      if (arrives) await run();
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    });
  }

  test('at COMMIT counts the batch when the server had committed it', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    const cleanup = jobsCleanup(pool, { pool: losingPool(pool, true), pace: SMALL });
    const { jobs } = (await cleanup.run()).policies;
    expect(jobs).toMatchObject({ stopped: 'failed', deleted: 10, unconfirmed: 0 });
    expect(jobs.error?.message).toContain('it was committed');
    expect(await jobIds(pool)).toHaveLength(10);
  });

  test('at COMMIT does not count the batch when the server never saw it', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    const cleanup = jobsCleanup(pool, { pool: losingPool(pool, false), pace: SMALL });
    const { jobs } = (await cleanup.run()).policies;
    expect(jobs).toMatchObject({ stopped: 'failed', deleted: 5, unconfirmed: 0 });
    expect(jobs.error?.message).toContain('it was aborted');
    expect(await jobIds(pool)).toHaveLength(15);
  });

  test('at COMMIT is not guessed about when the server cannot be asked', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    const losing = losingPool(pool, true);
    let isLost = false;
    const gone = {
      connect: async () => {
        if (isLost) throw new Error('connect ECONNREFUSED');
        const client = await losing.connect();
        return {
          ...client,
          query: async (text: string, values?: unknown[]) => {
            try {
              return await client.query(text, values);
            } catch (error) {
              isLost = true;
              throw error;
            }
          },
        };
      },
    };
    const { jobs } = (await jobsCleanup(pool, { pool: gone, pace: SMALL }).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'failed', deleted: 5, unconfirmed: 5, walBytes: null });
  });

  test('at COMMIT, with nobody to ask, still counts against the budget of the next policy', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    await pool.query(
      'create table other (like jobs including all); insert into other select * from jobs',
    );
    const losing = losingPool(pool, true);
    const silent = {
      connect: async () => {
        const client = await losing.connect();
        return {
          ...client,
          query: (text: string, values?: unknown[]) =>
            text.startsWith('select pg_xact_status')
              ? Promise.reject(new Error('read ECONNRESET'))
              : client.query(text, values),
        };
      },
    };
    const rest = {
      olderThan: { column: 'started_at', age: '90d' },
      safety: { maxShare: 1 },
    } as const;
    const report = await createCleanup({
      pool: silent,
      pace: SMALL,
      policies: { jobs: { table: 'jobs', ...rest }, other: { table: 'other', ...rest } },
    }).run({ budget: { rows: 12 } });
    expect(report.policies.jobs).toMatchObject({ stopped: 'failed', deleted: 5, unconfirmed: 5 });
    expect(report.policies.other).toMatchObject({ stopped: 'budget-rows', deleted: 2 });
  });

  /** Loses the connection, so many times, when the lease is given back. */
  function closingPool(pool: pg.Pool, times: number) {
    let left = times;
    return interceptedPool(pool, async (text, run, client) => {
      if (left > 0 && text.includes('set owner = null')) {
        left -= 1;
        // As when the server goes: what was sent before is rolled back.
        await pool.query('select pg_terminate_backend($1)', [
          (client as pg.PoolClient & { readonly processID: number }).processID,
        ]);
      }
      return run();
    });
  }

  test('while the run is closed is got over on another connection, so the next run is not busy', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const report = await jobsCleanup(pool, { pool: closingPool(pool, 1) }).run();
    expect(report).toMatchObject({ ok: true, deleted: 5, notes: [] });
    expect((await jobsCleanup(pool).run()).policies.jobs.stopped).toBe('drained');
    await expectNothingLeft(pool);
  });

  test('while the run is closed, twice, is told: the next run is busy until the lease ends', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const report = await jobsCleanup(pool, { pool: closingPool(pool, 2) }).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 5 });
    expect(report.notes).toEqual([expect.stringMatching(/^The lease could not be .* 60 s: /)]);
    expect((await jobsCleanup(pool).run()).policies.jobs.stopped).toBe('busy');
  });

  test('while a policy is closed is got over, so the history has its report', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    let isLost = false;
    const losing = interceptedPool(pool, (text, run) => {
      if (isLost || !text.includes('report = $4')) return run();
      isLost = true;
      return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    });
    const { runId } = await jobsCleanup(pool, { pool: losing }).run();
    expect(isLost).toBe(true);
    const { rows } = await pool.query(
      `select stopped from ops_cleanup.policy_runs where run_id = $1`,
      [runId],
    );
    expect(rows).toEqual([{ stopped: 'drained' }]);
  });

  test('of a server that is not there is a report, and a rejected plan', async () => {
    const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    const cleanup = jobsCleanup(db.pool(), { pool: { connect: () => Promise.reject(refused) } });
    const report = await cleanup.run();
    expect(report.ok).toBe(false);
    expect(report.policies.jobs).toMatchObject({ stopped: 'failed', deleted: 0 });
    expect(report.policies.jobs.error?.message).toBe('Policy jobs failed: ECONNREFUSED');
    await expect(cleanup.plan()).rejects.toBe(refused);
  });

  test('a server that refuses every write fails the policy', async () => {
    await makeJobs(db.pool(), 5);
    const pool = db.pool({
      options: `-c search_path=${db.schema} -c default_transaction_read_only=on`,
    });
    const { jobs } = (await jobsCleanup(pool).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'failed', deleted: 0, error: { sqlState: '25006' } });
  });
});
