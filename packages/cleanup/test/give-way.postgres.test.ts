import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupPolicy, type CleanupPool, createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();
const POLICY: CleanupPolicy = {
  table: 'jobs',
  olderThan: { column: 'at', age: '90d' },
  safety: { maxShare: 1 },
};

/** Ids 1 to `equal` have one old instant, ten more an older one each; ten are of today. */
async function makeEquals(pool: pg.Pool, equal: number, index: string): Promise<void> {
  await pool.query(`
    create table jobs (id int primary key, at timestamptz not null);
    insert into jobs
    select n, case
      when n <= ${equal} then timestamptz '2020-01-01'
      when n <= ${equal} + 10 then timestamptz '2019-01-01' + n * interval '1 second'
      else now()
    end
    from generate_series(1, ${equal} + 20) n;
    create index on jobs ${index};
    analyze jobs`);
}

/** A pool that counts how often rows were picked by the index. */
function countingPicks(pool: pg.Pool): { readonly pool: CleanupPool; readonly picks: string[] } {
  const picks: string[] = [];
  const counting = interceptedPool(pool, (text, send) => {
    if (text.startsWith('with ops_cleanup_picked') && text.includes('ops_cleanup_walk_0')) {
      picks.push(text);
    }
    return send();
  });
  return { pool: counting, picks };
}

async function idsLeft(pool: pg.Pool): Promise<number> {
  return (await pool.query('select from jobs')).rowCount ?? -1;
}

describe('many rows of one value', () => {
  test('in an index on that column alone are not read again by every batch', async () => {
    const pool = db.pool();
    await makeEquals(pool, 12_000, '(at)');
    const { pool: counting, picks } = countingPicks(pool);
    const cleanup = createCleanup({ pool: counting, pace: AT_ONCE, policies: { it: POLICY } });
    const plan = (await cleanup.plan()).policies.it;
    expect(plan.walks).toMatchObject([{ kind: 'keyset', index: 'jobs_at_idx' }]);
    const wanted = 'create index concurrently on';
    expect(plan.warnings.join()).toMatch(/About 1[12],\d{3} rows of \S+ have the same at/);
    expect(plan.warnings.join()).toContain(`${wanted} ${plan.table} ("at", "id")`);
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'drained', deleted: 12_010, picked: 12_010 });
    expect(report.notes.join()).toContain('so many rows have the same value');
    // The older ten and 490 of the value; 750 more of it; then they are counted.
    expect(picks.length).toBeLessThanOrEqual(3);
    expect(await idsLeft(pool)).toBe(10);
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 0 });
  });

  test('go by the index where it has the key as well, and where they are few', async () => {
    const pool = db.pool();
    await makeEquals(pool, 12_000, '(at, id)');
    const cleanup = createCleanup({ pool, pace: AT_ONCE, policies: { it: POLICY } });
    expect((await cleanup.plan()).policies.it.warnings).toEqual([]);
    const whole = (await cleanup.run()).policies.it;
    expect(whole).toMatchObject({ stopped: 'drained', deleted: 12_010 });
    expect(whole.notes.join()).not.toContain('by its heap');
    await pool.query('drop table jobs');
    await makeEquals(pool, 3_000, '(at)');
    const few = (await cleanup.run()).policies.it;
    expect(few).toMatchObject({ stopped: 'drained', deleted: 3_010 });
    expect(few.notes.join()).not.toContain('by its heap');
  });

  test('a row that refuses before the walk changes is counted once, and a locked one is not lost', async () => {
    const pool = db.pool({ max: 4 });
    await makeEquals(pool, 9_000, '(at)');
    await pool.query(`
      create function keep() returns trigger language plpgsql as
        $$ begin raise exception 'row % stays', old.id; end $$;
      create trigger keep before delete on jobs for each row when (old.id = 7) execute function keep()`);
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select from jobs where id = 8500 for update');
    const cleanup = createCleanup({ pool, pace: AT_ONCE, policies: { it: POLICY } });
    const report = (await cleanup.run()).policies.it;
    await holder.query('rollback');
    holder.release();
    expect(report.notes.join()).toContain('so many rows have the same value');
    expect(report).toMatchObject({ stopped: 'blocked', deleted: 9_008, blockedCount: 2 });
    const blocked = report.blocked.map(({ key, reason }) => `${key['id']} ${reason}`);
    expect(blocked.toSorted((a, b) => a.localeCompare(b))).toEqual(['7 rejected', '8500 locked']);
    expect(await idsLeft(pool)).toBe(12);
  });

  test('a run that a budget ended among them goes on in the next one', async () => {
    const pool = db.pool();
    await makeEquals(pool, 9_000, '(at)');
    const cleanup = createCleanup({ pool, pace: AT_ONCE, policies: { it: POLICY } });
    let deleted = 0;
    for (let run = 0; run < 4; run += 1) {
      const report = (await cleanup.run({ budget: { rows: 2_500 } })).policies.it;
      deleted += report.deleted;
    }
    expect(deleted).toBe(9_010);
    expect(await idsLeft(pool)).toBe(10);
  });
});

describe('a condition that few of the old rows meet', () => {
  const SLOW: CleanupPolicy = { ...POLICY, where: sql`wanted(id)` };

  const IN_BATCH = `current_setting('transaction_read_only') = 'off'`;

  /** Two rows a page; a batch tests each in a millisecond and more, so all of them in more than the limit. */
  async function makeSlow(pool: pg.Pool): Promise<void> {
    await pool.query(`
      create table jobs (id int primary key, at timestamptz not null, filler text);
      alter table jobs alter filler set storage plain;
      create function wanted(id int) returns boolean language plpgsql volatile as
        $$ begin perform pg_sleep(case when ${IN_BATCH} then 0.001 else 0 end); return id % 75 = 0; end $$;
      insert into jobs
      select n, timestamptz '2020-01-01' + n * interval '1 second', repeat('x', 3500)
      from generate_series(1, 300) n;
      create index on jobs (at, id);
      analyze jobs`);
  }

  test('is looked for in parts of the heap when the index takes longer than a statement may', async () => {
    const pool = db.pool();
    await makeSlow(pool);
    const pace = { ...AT_ONCE, statementTimeout: '100ms' } as const;
    const cleanup = createCleanup({ pool, pace, policies: { it: SLOW } });
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'drained', deleted: 4, error: undefined });
    expect(report.notes.join()).toContain('longer than pace.statementTimeout');
    expect(report.batches.failedCount).toBeGreaterThanOrEqual(2);
    expect(await idsLeft(pool)).toBe(296);
  });

  test('that is too slow for the rows of one page fails, and says what to do', async () => {
    const pool = db.pool();
    await makeSlow(pool);
    await pool.query(`
      create or replace function wanted(id int) returns boolean language plpgsql volatile as
        $$ begin perform pg_sleep(case when id = 1 and ${IN_BATCH} then 60 else 0 end); return true; end $$`);
    const pace = { ...AT_ONCE, statementTimeout: '60ms' } as const;
    const cleanup = createCleanup({
      pool,
      pace,
      policies: { it: { ...SLOW, where: sql`id <= ${2} and wanted(id)` } },
    });
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'failed', deleted: 0 });
    expect(report.error?.message).toContain('rows of one page takes longer than');
  });

  test('is told in the plan by what statistics know', async () => {
    const pool = db.pool();
    await makeSlow(pool);
    // As if the table had two billion rows, in as many pages.
    await pool.query(`update pg_class set reltuples = 2e9 where oid = 'jobs'::regclass`);
    const policy = { ...POLICY, where: sql`id % 150 = 0` };
    const { it } = (await createCleanup({ pool, policies: { it: policy } }).plan()).policies;
    expect(it.refusals).toEqual([]);
    expect(it.walks).toMatchObject([{ kind: 'keyset' }]);
    expect(it.warnings.join()).toMatch(
      /About [\d,]+ rows of \S+ are old enough and stay for other reasons/,
    );
  });
});
