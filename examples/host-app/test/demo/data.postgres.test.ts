import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { type LoadedData, loadData } from '../../demo/data.ts';
import { createRandom } from '../../demo/random.ts';

const db = useDatabase();
const NOW = new Date('2026-01-01T00:00:00Z');

async function load(seed: number): Promise<{ pool: pg.Pool; data: LoadedData; sums: unknown[] }> {
  const pool = db.pool();
  const schema = new URL('../../migrations/20250101000000_base_schema.sql', import.meta.url);
  await pool.query(await readFile(schema, 'utf8'));
  const size = { executionCount: 20_000, eventCount: 3_000 };
  const { signal } = new AbortController();
  const data = await loadData(pool, createRandom(seed), NOW, size, () => {}, signal);
  const sums: unknown[] = [];
  for (const table of Object.keys(data.counts)) {
    const { rows } = await pool.query(
      `select count(*)::int as n, sum(hashtextextended(t::text, 0)) as sum from ${table} t`,
    );
    sums.push({ table, ...rows[0] });
  }
  return { pool, data, sums };
}

it('loads the same rows for the same seed', async () => {
  const first = await load(5);
  await first.pool.query(
    'drop table integrations, workflows, profiles, workflow_executions, app_events',
  );
  const second = await load(5);
  expect(second.sums).toEqual(first.sums);
  expect(second.data).toEqual(first.data);
  expect(first.data.counts).toMatchObject({
    profiles: 2_000,
    workflow_executions: 20_000,
    app_events: 3_000,
  });
});

it('loads what the later steps need: skew, failures, dangling and forgotten workflows', async () => {
  const { pool, data } = await load(6);
  const { rows } = await pool.query(
    `
    select
      count(*) filter (where status = 'failed')::int as failed,
      count(*) filter (where not exists (select from workflows w where w.id = e.workflow_id))::int as dangling,
      count(*) filter (where user_id = $1)::int as busiest,
      count(*) filter (where started_at < $2::timestamptz - interval '390 days')::int as old
    from workflow_executions e`,
    [data.busiestUserId, NOW],
  );
  const forgotten = await pool.query(
    `
    select count(*)::int as n
    from workflows w
    where w.updated_at < $1::timestamptz - interval '1 year'
      and exists (select from workflow_executions e where e.workflow_id = w.id)
      and not exists (
        select from workflow_executions e
        where e.workflow_id = w.id and e.started_at > $1::timestamptz - interval '1 year')`,
    [NOW],
  );
  expect(rows[0].failed).toBeGreaterThan(1_000);
  expect(rows[0].dangling).toBeGreaterThan(50);
  expect(rows[0].busiest).toBeGreaterThan(20_000 / 2_000);
  expect(rows[0].old).toBeGreaterThan(300);
  expect(forgotten.rows[0].n).toBeGreaterThan(100);
});

it('stops between two statements when it is aborted', async () => {
  const pool = db.pool();
  const schema = new URL('../../migrations/20250101000000_base_schema.sql', import.meta.url);
  await pool.query(await readFile(schema, 'utf8'));
  const controller = new AbortController();
  const size = { executionCount: 100_000, eventCount: 0 };
  const loading = loadData(
    pool,
    createRandom(1),
    NOW,
    size,
    (doneRows) => {
      if (doneRows > 20_000) controller.abort(new Error('enough'));
    },
    controller.signal,
  );
  await expect(loading).rejects.toThrow('enough');
  const { rows } = await pool.query('select count(*)::int as n from workflow_executions');
  expect(rows[0].n).toBeLessThan(50_000);
});
