import fc from 'fast-check';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupPolicy, createCleanup, type LeafWalk } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, waitingFor } from './expired-table.ts';

const db = useCleanupDatabase();
const POLICY: CleanupPolicy = {
  table: 'heap',
  olderThan: { column: 'at', age: '90d' },
  safety: { maxShare: 1 },
};

/** More than 5,000 pages of two rows each, in random order of time; `share` of them is due. */
async function makeHeap(pool: pg.Pool, share: number, index: boolean): Promise<number> {
  await pool.query(`
    create table heap (id int primary key, at timestamptz not null, filler text);
    alter table heap alter filler set storage plain, set (autovacuum_enabled = off);
    insert into heap
    select n, now() - (case when (n * 7919) % 10000 < ${share} * 10000 then 100 else 10 end + (n * 7919) % 977 / 1000.0) * interval '1 day', repeat('x', 3500)
    from generate_series(1, 10400) n;
    ${index ? 'create index on heap (at);' : ''}
    analyze heap`);
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from heap where at < now() - interval '90 days'`,
  );
  return rows[0]?.n ?? -1;
}

async function walksOf(pool: pg.Pool): Promise<readonly LeafWalk[]> {
  return (await createCleanup({ pool, policies: { it: POLICY } }).plan()).policies.it.walks;
}

describe('the walk', () => {
  test('is by heap windows for many scattered rows, and by the index for few', async () => {
    const pool = db.pool();
    const due = await makeHeap(pool, 0.6, true);
    expect(await walksOf(pool)).toMatchObject([
      { kind: 'heap-windows', index: null, due: { count: due } },
    ]);
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 500 },
      policies: { it: POLICY },
    });
    const report = await cleanup.run();
    expect(report.policies.it).toMatchObject({ stopped: 'drained', deleted: due, blockedCount: 0 });
    expect((await pool.query('select from heap')).rowCount).toBe(10_400 - due);
    await pool.query(`update heap set at = now() - interval '1 year' where id % 100 = 0`);
    expect(await walksOf(pool)).toMatchObject([{ kind: 'keyset', index: 'heap_at_idx' }]);
  });

  test('needs no index while so much is due that reading all of it pays', async () => {
    const pool = db.pool();
    await makeHeap(pool, 0.6, false);
    const cleanup = createCleanup({ pool, policies: { it: POLICY } });
    const { it } = (await cleanup.plan()).policies;
    expect(it).toMatchObject({ refusals: [], walks: [{ kind: 'heap-windows' }] });
    expect(it.warnings.join()).toContain('for later runs: create index concurrently on');
    await pool.query(`delete from heap where at < now() - interval '90 days' and id % 10 > 0`);
    expect((await cleanup.plan()).policies.it.refusals).toMatchObject([{ code: 'missing-index' }]);
  });

  test('by windows keeps a row that turns fresh, and takes one that only moved on the heap', async () => {
    const pool = db.pool();
    const due = await makeHeap(pool, 0.6, true);
    const { rows } = await pool.query<{ id: number }>(
      `select id from heap where at < now() - interval '90 days' order by ctid limit 2 offset 3000`,
    );
    const [fresh, moved] = rows.map(({ id }) => id);
    const other = await db.pool().connect();
    await other.query('begin');
    await other.query('update heap set at = now() where id = $1', [fresh]);
    await other.query(`update heap set filler = 'moved' where id = $1`, [moved]);
    const pace = { dutyCycle: 1, lockTimeout: '20s', statementTimeout: '25s' } as const;
    const running = createCleanup({ pool, pace, policies: { it: POLICY } }).run();
    await waitingFor(db.pool(), 'with ops_cleanup_picked');
    await other.query('commit');
    other.release();
    expect((await running).policies.it).toMatchObject({ stopped: 'drained', deleted: due - 1 });
    const left = await pool.query('select id from heap where id = any($1)', [[fresh, moved]]);
    expect(left.rows).toEqual([{ id: fresh }]);
  });
});

test('any rows, deleted in any sizes of batches, by any walk: those due go, the others stay', async () => {
  const pool = db.pool();
  await pool.query(`
    create table heap (id int primary key, at timestamptz, retention interval, filler text);
    create index on heap (at)`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 3000 })), {
        maxLength: 60,
      }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      async (rows, maxBatch, isPerRow) => {
        await pool.query('truncate heap');
        await pool.query(
          `insert into heap
           select n, now() - (days + 0.5) * interval '1 day', null, repeat('x', size)
           from unnest($1::int[], $2::int[]) with ordinality r (days, size, n)`,
          [rows.map(([days]) => days), rows.map(([, size]) => size)],
        );
        const { sql } = await import('../src/index.ts');
        const age = isPerRow ? { per: sql`retention`, default: '90d' as const } : '90d';
        const policies = {
          it: { ...POLICY, olderThan: { column: 'at', age } } as CleanupPolicy,
        };
        const report = await createCleanup({
          pool,
          pace: { ...AT_ONCE, maxBatch },
          policies,
        }).run();
        const due = rows.filter(([days]) => days >= 90).length;
        expect(report.policies.it).toMatchObject({ stopped: 'drained', deleted: due });
        expect((await pool.query('select from heap')).rowCount).toBe(rows.length - due);
        expect((await createCleanup({ pool, policies }).run()).deleted).toBe(0);
      },
    ),
    { numRuns: 12 },
  );
});

describe('fat rows', () => {
  test('go in batches of so many bytes, and one that is larger alone', async () => {
    const pool = db.pool();
    await pool.query(`
      create table heap (id int primary key, at timestamptz not null, filler text);
      alter table heap alter filler set storage external;
      create index on heap (at);
      insert into heap
      select n, now() - interval '100 days' - n * interval '1 minute', repeat('x', case n when 30 then 900000 else 40000 end)
      from generate_series(1, 60) n`);
    const sizes: number[] = [];
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatchBytes: 400_000 },
      policies: { it: POLICY },
      onEvent: (event) => {
        if (event.type === 'batch') sizes.push(event.batchDeleted);
      },
    });
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 60 });
    // 400,000 / 40,032 is 9; row 30 goes by itself.
    expect(Math.max(...sizes)).toBe(9);
    expect(sizes).toContain(1);
    expect(sizes.length).toBeLessThanOrEqual(9);
  });
});
