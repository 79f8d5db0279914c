import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CleanupPolicy, createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, waitingFor } from './expired-table.ts';
import { interceptedPool } from './intercepted-pool.ts';

const db = useCleanupDatabase();
const PATIENT = { dutyCycle: 1, lockTimeout: '20s', statementTimeout: '25s' } as const;
const POLICY: CleanupPolicy = {
  table: 'events',
  olderThan: { column: 'at', age: '90d' },
  where: sql`events.kind <> 'kept'`,
  safety: { maxShare: 1 },
};

/** Two partitions by list, one of which is partitioned by time, with columns in another order. */
async function makeEvents(pool: pg.Pool): Promise<void> {
  await pool.query(`
    create table events (id int, at timestamptz, kind text, primary key (id, kind, at))
      partition by list (kind);
    create table events_kept partition of events for values in ('kept');
    create table events_rest (kind text not null, dropped int, at timestamptz not null, id int not null, primary key (id, kind, at))
      partition by range (at);
    alter table events_rest drop column dropped;
    alter table events attach partition events_rest default;
    create table events_old partition of events_rest for values from (minvalue) to (now() - interval '50 days');
    create table events_new partition of events_rest for values from (now() - interval '50 days') to (maxvalue);
    create index on events (at, id, kind);
    insert into events
    select n, now() - n * interval '1 day', case when n % 10 = 0 then 'kept' else 'x' end
    from generate_series(1, 200) n;
    analyze`);
}

async function left(pool: pg.Pool): Promise<readonly number[]> {
  const { rows } = await pool.query<{ id: number }>('select id from events order by id');
  return rows.map(({ id }) => id);
}

describe('a partitioned table', () => {
  test('is worked leaf by leaf, and a leaf without due rows by its bounds not at all', async () => {
    const pool = db.pool();
    await makeEvents(pool);
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 7 },
      policies: { it: POLICY },
    });
    const plan = (await cleanup.plan()).policies.it;
    expect(plan).toMatchObject({ refusals: [], candidates: { count: 99, isExact: true } });
    expect(plan.walks.map(({ table, kind }) => [table.split('"')[3], kind])).toEqual([
      // Its bounds say `kept`, which the condition leaves out.
      ['events_kept', 'empty'],
      ['events_old', 'keyset'],
      ['events_new', 'empty'],
    ]);
    const report = await cleanup.run();
    expect(report.policies.it).toMatchObject({ stopped: 'drained', deleted: 99 });
    const ids = await left(pool);
    expect(ids).toHaveLength(101);
    expect(ids.filter((id) => id > 90)).toEqual([
      100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200,
    ]);
  });

  test('from which a row moves to another partition while it waits keeps the row when it is fresh there', async () => {
    const pool = db.pool();
    await makeEvents(pool);
    const other = await db.pool().connect();
    await other.query(`begin; update events set at = now() where id = 151;
      update events set kind = 'kept' where id = 152`);
    const running = createCleanup({ pool, pace: PATIENT, policies: { it: POLICY } }).run();
    await waitingFor(db.pool(), 'with ops_cleanup_picked');
    await other.query('commit');
    other.release();
    const report = await running;
    expect(report.policies.it).toMatchObject({ stopped: 'drained', deleted: 97 });
    expect(await left(pool)).toEqual(expect.arrayContaining([151, 152]));
  });

  test('from which a row moves in the middle of a batch is tried again, without blaming the row', async () => {
    const pool = db.pool();
    await makeEvents(pool);
    await pool.query(`
      create function waits_at_199(id int) returns boolean language plpgsql as $$
      begin
        if id = 199 then perform pg_advisory_xact_lock_shared(hashtext('${db.schema}')); end if;
        return true;
      end $$`);
    const other = await db.pool().connect();
    let isHeld = false;
    const held = interceptedPool(pool, async (text, run) => {
      if (text.startsWith('with ops_cleanup_picked') && text.includes('events_old') && !isHeld) {
        isHeld = true;
        await other.query(`select pg_advisory_lock(hashtext('${db.schema}'))`);
      }
      return run();
    });
    const where = sql`events.kind <> 'kept' and waits_at_199(events.id)`;
    const policies = { it: { ...POLICY, where } as CleanupPolicy };
    const running = createCleanup({ pool: held, pace: PATIENT, policies }).run();
    await waitingFor(db.pool(), 'with ops_cleanup_picked');
    await other.query(`update events set at = now() where id = 151`);
    await other.query('select pg_advisory_unlock_all()');
    other.release();
    expect((await running).policies.it).toMatchObject({
      stopped: 'drained',
      deleted: 98,
      blockedCount: 0,
      batches: { failedCount: 1 },
    });
    expect(await left(pool)).toContain(151);
  });

  test('with a foreign table as partition is refused; two policies that meet in a leaf are named', async () => {
    const pool = db.pool();
    await makeEvents(pool);
    const cleanup = createCleanup({
      pool,
      policies: { whole: POLICY, leaf: { ...POLICY, table: 'events_old', where: sql`true` } },
    });
    const { whole, leaf } = (await cleanup.plan()).policies;
    expect(whole.warnings.join()).toContain('Policies on the same table: leaf');
    expect(leaf.warnings.join()).toContain('Policies on the same table: whole');
    await pool.query(`
      create table outside (id int, at timestamptz, kind text) partition by list (kind);
      create foreign data wrapper none_${db.schema};
      create server none_${db.schema} foreign data wrapper none_${db.schema};
      create foreign table elsewhere partition of outside for values in ('y') server none_${db.schema}`);
    const outside = createCleanup({
      pool,
      policies: { it: { ...POLICY, table: 'outside', where: sql`true` } },
    });
    expect((await outside.plan()).policies.it.refusals).toMatchObject([
      { code: 'table-kind', message: expect.stringContaining('"elsewhere"') },
      { code: 'no-primary-key' },
    ]);
    await pool.query(`drop foreign data wrapper none_${db.schema} cascade`);
  });
});
