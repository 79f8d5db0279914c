import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupEvent, createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';
import { createManualClock } from './manual-clock.ts';

const db = useCleanupDatabase();

async function count(pool: pg.Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? -1;
}

describe('run', () => {
  test('deletes the expired rows that match, and no others', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10, 3);
    await pool.query(`update jobs set status = 'running' where id in (2, 7)`);
    const cleanup = jobsCleanup(
      pool,
      {},
      { where: sql`status in ('completed', ${'failed'}) -- done` },
    );
    const report = await cleanup.run();
    expect(await jobIds(pool)).toEqual([2, 7, 11, 12, 13]);
    expect(report).toMatchObject({ ok: true, deleted: 8 });
    expect(report.policies.jobs).toMatchObject({
      policy: 'jobs',
      table: `"${db.schema}"."jobs"`,
      stopped: 'drained',
      picked: 8,
      deleted: 8,
      skipped: 0,
      unconfirmed: 0,
      blocked: [],
      blockedCount: 0,
      batches: { count: 1, failedCount: 0 },
      refusals: [],
      error: undefined,
    });
    expect(report.policies.jobs.walBytes).toBeGreaterThan(0);
    expect(report.policies.jobs.notes.join()).toContain('file does not shrink');
  });

  test('a column that the primary key only includes may be null', async () => {
    const pool = db.pool();
    await pool.query(`
      create table noted (id int, note text, at timestamptz, primary key (id) include (note));
      insert into noted
      select n, case when n % 2 = 0 then 'x' end, '2020-01-01' from generate_series(1, 10) n`);
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 3 },
      policies: {
        noted: {
          table: 'noted',
          olderThan: { column: 'at', age: '90d' },
          safety: { maxShare: 1 },
        },
      },
    });
    const report = await cleanup.run();
    expect(report.policies.noted).toMatchObject({ stopped: 'drained', deleted: 10, skipped: 0 });
    expect(await count(pool, 'noted')).toBe(0);
  });

  test('a second run deletes nothing', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10, 3);
    const cleanup = jobsCleanup(pool);
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 10 });
    const again = await cleanup.run();
    expect(again).toMatchObject({ ok: true, deleted: 0 });
    expect(again.policies.jobs).toMatchObject({
      stopped: 'drained',
      batches: { count: 0, p50Ms: null, p99Ms: null },
      notes: [],
    });
  });

  test('50,000 rows with a composite key go in bounded batches, each told of', async () => {
    const pool = db.pool();
    await pool.query(`
      create table parts (
        tenant text not null,
        at timestamptz not null,
        no int not null,
        primary key (tenant, at, no)
      );
      create index on parts (at, tenant, no);
      insert into parts
      select 't' || n % 7, now() - interval '100 days' - n / 10 * interval '1 second', n
      from generate_series(1, 50000) n;
      insert into parts select 't1', now(), n from generate_series(1, 500) n`);
    const events: CleanupEvent[] = [];
    const cleanup = createCleanup({
      pool,
      policies: {
        parts: { table: 'parts', olderThan: { column: 'at', age: '90d' }, safety: { maxShare: 1 } },
      },
      pace: { ...AT_ONCE, maxBatch: 1_000 },
      onEvent: (event) => events.push(event),
    });
    const report = await cleanup.run();
    expect(report.policies.parts).toMatchObject({
      stopped: 'drained',
      picked: 50_000,
      deleted: 50_000,
    });
    expect(await count(pool, 'parts')).toBe(500);
    const batches = events.filter((event) => event.type === 'batch');
    expect(events.map((event) => event.type)).toEqual([
      'policy-started',
      ...batches.map(() => 'batch'),
      'policy-ended',
    ]);
    expect(batches.every((batch) => batch.batchDeleted <= 1_000)).toBe(true);
    expect(batches.reduce((sum, batch) => sum + batch.batchDeleted, 0)).toBe(50_000);
    expect(report.policies.parts.batches.count).toBe(batches.length);
    expect(batches.at(-1)).toMatchObject({
      deleted: 50_000,
      candidates: { count: 50_000, isExact: true },
      etaMs: 0,
    });
  });

  test('stops at the budget of rows exactly, over all policies, and goes on next time', async () => {
    const pool = db.pool();
    await makeJobs(pool, 30, 1);
    await pool.query(
      `create table more (like jobs including all); insert into more select * from jobs`,
    );
    const olderThan = { column: 'started_at', age: '90d' } as const;
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 7 },
      policies: {
        jobs: { table: 'jobs', olderThan, safety: { maxShare: 1 } },
        more: { table: 'more', olderThan, safety: { maxShare: 1 } },
      },
    });
    const first = await cleanup.run({ budget: { rows: 20 } });
    expect(first).toMatchObject({ ok: true, deleted: 20 });
    expect(first.policies.jobs).toMatchObject({ stopped: 'budget-rows', deleted: 20 });
    expect(first.policies.more).toMatchObject({ stopped: 'budget-rows', deleted: 0, cutOff: null });
    // The oldest go first.
    expect(await jobIds(pool)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
    const second = await cleanup.run({ budget: { rows: 20 } });
    expect(second.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 10 });
    expect(second.policies.more).toMatchObject({ stopped: 'budget-rows', deleted: 10 });
    const third = await cleanup.run();
    expect(third).toMatchObject({ ok: true, deleted: 20 });
  });

  test('stops at the budget of time, which pauses count in', async () => {
    const pool = db.pool();
    await makeJobs(pool, 30);
    const clock = createManualClock();
    const pauses: number[] = [];
    let batchCount = 0;
    const cleanup = jobsCleanup(pool, {
      clock: {
        ...clock,
        // Every reading is 1 ms later, so every batch takes some time.
        monotonic: () => {
          clock.advance(1);
          return clock.now();
        },
        setTimeout: (callback, delayMs) => {
          const timer = clock.setTimeout(callback, delayMs);
          // The limits of connections and statements are 10 s and more; what is shorter is a pause.
          if (delayMs < 9_000) {
            pauses.push(delayMs);
            queueMicrotask(() => clock.fireNext(delayMs));
          }
          return timer;
        },
      },
      pace: { dutyCycle: 0.01, maxBatch: 1 },
      onEvent: (event) => {
        if (event.type === 'batch') batchCount += 1;
      },
    });
    const report = await cleanup.run({ budget: { time: '20s' } });
    expect(report.policies.jobs.stopped).toBe('budget-time');
    // 8 ms and more a batch make at least 792 ms of pause each.
    expect(batchCount).toBeGreaterThan(1);
    expect(batchCount).toBeLessThanOrEqual(25);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(792);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(20_000);
    expect(report.policies.jobs.deleted).toBe(batchCount);
  });

  test('works on odd names and on key types of every sort', async () => {
    const pool = db.pool();
    await pool.query(`
      create type mood as enum ('sad', 'happy');
      create schema "odd.schema";
      create table "odd.schema"."Say ""hi"" $1; drop" (
        "order" uuid default gen_random_uuid(),
        "a.b" mood,
        num numeric(30, 10),
        bytes bytea,
        "select" float8,
        "When?" timestamptz(6),
        primary key ("a.b", "order", num, bytes, "select")
      );
      insert into "odd.schema"."Say ""hi"" $1; drop" ("a.b", num, bytes, "select", "When?")
      select (array['sad', 'happy'])[1 + n % 2]::mood, n / 3.0, int4send(n), 1 / n::float8,
        case when n % 50 = 0 then '-infinity' else now() - interval '1 year' - n % 5 * interval '1 microsecond' end
      from generate_series(1, 400) n;
      insert into "odd.schema"."Say ""hi"" $1; drop" ("a.b", num, bytes, "select", "When?")
      values ('sad', 0, '', 0, null), ('sad', 1, '', 0, 'infinity'), ('sad', 2, '', 0, now())`);
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 7 },
      policies: {
        odd: {
          table: `"odd.schema"."Say ""hi"" $1; drop"`,
          olderThan: { column: 'When?', age: '90d' },
          where: sql`${sql.identifier('"a.b"')} = any(${['sad', 'happy']}::mood[])`,
          safety: { maxShare: 1 },
        },
      },
    });
    const report = await cleanup.run();
    expect(report.policies.odd).toMatchObject({ stopped: 'drained', deleted: 400 });
    const left = await pool.query(
      `select num::int from "odd.schema"."Say ""hi"" $1; drop" order by 1`,
    );
    expect(left.rows).toEqual([{ num: 0 }, { num: 1 }, { num: 2 }]);
    await pool.query(`drop schema "odd.schema" cascade`);
  });

  test('a condition may use subqueries, the table name, and names that the statement uses itself', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    await pool.query(`
      create table picked (job_id int);
      insert into picked values (3), (4);
      alter table jobs add column k0 int default 1, add column last int default 1`);
    const where = sql`not exists (select from picked where job_id = jobs.id) and k0 = last and id <> all(${[9]})`;
    const report = await jobsCleanup(pool, {}, { where }).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 7 });
    expect(await jobIds(pool)).toEqual([3, 4, 9]);
  });

  test('installed type parsers change nothing', async () => {
    await makeJobs(db.pool(), 10, 1);
    const RAW = [25, 114]; // text, json
    const types = {
      getTypeParser: (oid: number) => (value: string) =>
        RAW.includes(oid) ? value : `odd ${value}`,
    };
    const pool = db.pool({ types });
    expect(await jobsCleanup(pool).run()).toMatchObject({ ok: true, deleted: 10 });
  });

  test('a throwing or rejecting listener changes nothing', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    let calls = 0;
    const onEvent = (): never => {
      calls += 1;
      throw new Error('listener');
    };
    expect(await jobsCleanup(pool, { onEvent }).run()).toMatchObject({ ok: true, deleted: 10 });
    expect(calls).toBe(3);
    const rejecting = (() => Promise.reject(new Error('listener'))) as () => void;
    expect(await jobsCleanup(pool, { onEvent: rejecting }).run()).toMatchObject({ ok: true });
  });

  test('goes on behind the last row also by a key that is an array', async () => {
    const pool = db.pool();
    await pool.query(`
      create table tagged (tags int[] primary key, started_at timestamptz not null);
      create index on tagged (started_at);
      insert into tagged select array[n, n + 1], now() - interval '100 days' from generate_series(1, 40) n;
      analyze tagged`);
    const seen: string[] = [];
    const cleanup = createCleanup({
      pool: interceptedPool(pool, async (text, run) => {
        const result = await run();
        const last: unknown = result.rows?.[0]?.['ops_cleanup_walk_1_text'];
        if (typeof last === 'string') seen.push(last);
        return result;
      }),
      pace: { ...AT_ONCE, maxBatch: 15 },
      policies: {
        tagged: {
          table: 'tagged',
          olderThan: { column: 'started_at', age: '90d' },
          safety: { maxShare: 1 },
        },
      },
    });
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 40 });
    expect(seen).toEqual(['{15,16}', '{30,31}', '{40,41}']);
  });

  test('takes six round trips for a batch', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    const batches: string[][] = [];
    await jobsCleanup(pool, {
      pool: interceptedPool(pool, (text, run) => {
        if (text.startsWith('begin')) batches.push([]);
        batches.at(-1)?.push(text);
        return run();
      }),
    }).run();
    const [batch] = batches.filter((texts) => texts.some((text) => text.startsWith('delete')));
    expect(batch).toHaveLength(6);
    expect(batch?.[0]).toMatch(/lock table only .*jobs" in row exclusive mode$/);
  });

  test('of a pool that does not tell how many rows a statement deleted, deletes nothing', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    const mute = {
      connect: async () => {
        const client = await pool.connect();
        return {
          query: async (text: string, values?: unknown[]) => ({
            rows: (await client.query(text, values)).rows,
          }),
          release: (destroy?: boolean) => {
            client.release(destroy);
          },
        };
      },
    };
    const { jobs } = (await jobsCleanup(pool, { pool: mute }).run()).policies;
    expect(jobs).toMatchObject({ stopped: 'failed', deleted: 0 });
    expect(jobs.error?.message).toContain('rowCount');
    expect(await jobIds(pool)).toHaveLength(10);
  });

  test('a failed policy does not stop the others, and is no success', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    await pool.query(
      'create table doomed (like jobs including all); insert into doomed select * from jobs',
    );
    const olderThan = { column: 'started_at', age: '90d' } as const;
    const safety = { maxShare: 1 };
    const cleanup = createCleanup({
      pool: interceptedPool(pool, async (text, run) => {
        // Somebody renames it between the look at it and the first batch.
        if (/lock table .*doomed/.test(text))
          await db.pool().query('alter table doomed rename to gone');
        return run();
      }),
      pace: AT_ONCE,
      policies: {
        doomed: { table: 'doomed', olderThan, safety },
        jobs: { table: 'jobs', olderThan, safety },
      },
    });
    const report = await cleanup.run();
    expect(report.ok).toBe(false);
    expect(report.policies.doomed).toMatchObject({ stopped: 'failed', deleted: 0 });
    expect(report.policies.doomed.error).toMatchObject({
      name: 'PolicyFailedError',
      code: 'ERR_OPS_CLEANUP_POLICY_FAILED',
      policy: 'doomed',
      sqlState: '42P01',
    });
    expect(JSON.parse(JSON.stringify(report)).policies.doomed.error.message).toContain(
      'does not exist',
    );
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 10 });
  });
});
