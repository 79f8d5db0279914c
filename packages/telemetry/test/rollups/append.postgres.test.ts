import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  appended,
  catchUp,
  compare,
  createExecutions,
  insertExecutions,
  metricsOf,
} from './executions.ts';

const db = useDatabase();

describe('append', () => {
  it('answers from raw rows before the first refresh, and the same after each step of it', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 3_000);
    const metrics = metricsOf(pool, db.schema, appended, { batchRows: 700 });
    await metrics.ensureTables();
    let steps = 0;
    for (;;) {
      const { rollup, raw } = await compare(pool, db.schema, appended);
      expect(rollup).toEqual(raw);
      // A budget of nothing is over before the first step; a signal ends it after one.
      const controller = new AbortController();
      const one = metricsOf(pool, db.schema, appended, {
        batchRows: 700,
        onEvent: ({ type }) => {
          if (type === 'progress') controller.abort();
        },
      });
      const report = await one.refresh({ signal: controller.signal });
      steps += 1;
      if (report.rollups[0]?.status === 'done') {
        if ((await metrics.lag())[0]?.pending === 0) break;
        continue;
      }
      expect(report.rollups[0]).toMatchObject({ status: 'aborted', transactions: 1 });
    }
    expect(steps).toBeGreaterThan(4);
    expect((await metrics.lag())[0]).toMatchObject({ pending: 0, isBuilding: false });
  });

  it('equals raw rows at every moment under 8 writers and 2 workers', async () => {
    const pool = db.pool({ max: 14 });
    await createExecutions(pool);
    const workers = [0, 1].map(() => metricsOf(db.pool(), db.schema, appended, { batchRows: 200 }));
    const [metrics] = workers as [(typeof workers)[number]];
    await metrics.ensureTables();
    const writing = new Set(Array.from({ length: 8 }, (_, writer) => writer));
    const write = async (writer: number): Promise<void> => {
      for (let round = 0; round < 12; round += 1) {
        const client = await pool.connect();
        await client.query('begin');
        await client.query(
          `insert into executions (workflow_id, status, started_at, duration_ms, user_id)
select 'w' || (i % 3), (array['success', 'error', null])[1 + i % 3],
  now() - random() * interval '40 days', (random() * 1000)::int, i
from generate_series(1, 20) i`,
        );
        // Transactions overlap, and some are undone.
        await client.query('select pg_sleep(random() * 0.02)');
        await client.query((writer + round) % 7 === 0 ? 'rollback' : 'commit');
        client.release();
      }
      writing.delete(writer);
    };
    let moments = 0;
    const watch = async (): Promise<void> => {
      while (writing.size > 0) {
        const { rollup, raw } = await compare(pool, db.schema, appended);
        expect(rollup).toEqual(raw);
        moments += 1;
      }
    };
    const work = async (worker: (typeof workers)[number]): Promise<void> => {
      while (writing.size > 0) await worker.refresh();
    };
    await Promise.all([...Array(8).keys()].map(write).concat(watch(), workers.map(work) as never));
    await catchUp(metrics);
    const { rollup, raw } = await compare(pool, db.schema, appended);
    expect(rollup).toEqual(raw);
    expect(moments).toBeGreaterThan(2);
    const { rows } = await pool.query<{ rolled: number; raw: number }>(
      `select (select sum(n)::int from executions_hour where total = 0) as rolled,
  (select count(*)::int from executions) as raw`,
    );
    expect(rows[0]?.rolled).toBe(rows[0]?.raw);
  });

  it('loses nothing to a transaction that writes early and commits late, and tells of it', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    await catchUp(metrics);
    const late = await pool.connect();
    await late.query('begin');
    await late.query("insert into executions (workflow_id, started_at) values ('late', now())");
    await insertExecutions(pool, 50);
    await metrics.refresh();
    // Its id is the lowest, so the other rows wait for it; reads have them from the tail.
    const [lag] = await metrics.lag();
    expect(lag).toMatchObject({ pending: 50, heldBackBy: { pid: expect.any(Number) } });
    expect(lag?.lagMs).toBeLessThan(60_000);
    const during = await compare(pool, db.schema, appended);
    expect(during.rollup).toEqual(during.raw);
    await late.query('commit');
    late.release();
    await catchUp(metrics);
    expect((await metrics.lag())[0]).toMatchObject({ pending: 0, lagMs: 0 });
    const { rows } = await pool.query(
      'select sum(n)::int as n from executions_day where total = 2',
    );
    expect(rows).toEqual([{ n: 51 }]);
  });

  it('puts late rows into their bucket, and keeps buckets whose raw rows are deleted', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    const insert = (status: string): Promise<unknown> =>
      pool.query(
        "insert into executions (workflow_id, status, started_at) values ('w', $1, '2026-01-01T05:30Z')",
        [status],
      );
    const read = () =>
      metrics.query('executions', {
        from: new Date('2026-01-01T00:00Z'),
        to: new Date('2026-01-02T00:00Z'),
        grain: 'hour',
        measures: ['n'],
      });
    await insert('success');
    await catchUp(metrics);
    await pool.query('delete from executions');
    await insert('error');
    const expected = [{ bucket: new Date('2026-01-01T05:00Z'), n: 2 }];
    expect(await read()).toEqual(expected);
    await catchUp(metrics);
    expect(await read()).toEqual(expected);
  });

  it('takes one transaction of more rows than a step in slices, rows of one moment together', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended, { batchRows: 100 });
    await metrics.ensureTables();
    await pool.query(`insert into executions (workflow_id, status, started_at)
select 'w1', 'success', '2026-05-05T05:05Z' from generate_series(1, 350)
union all
select 'w1', 'error', case i % 3 when 0 then null when 1 then 'infinity'::timestamptz
  else '2026-05-06T05:05Z' end from generate_series(1, 300) i`);
    const steps: number[] = [];
    const sliced = metricsOf(pool, db.schema, appended, {
      batchRows: 100,
      onEvent: (event) => {
        if (event.type === 'progress' && event.rows > 0) steps.push(event.rows);
      },
    });
    await catchUp(sliced);
    expect(steps).toEqual([350, 100]);
    const { rows } = await pool.query(
      'select status, n::int from executions_month where total = 1 order by status',
    );
    expect(rows).toEqual([
      { status: 'error', n: 100 },
      { status: 'success', n: 350 },
    ]);
  });

  it('computes a range anew from raw rows, without those that the tail still has', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 500);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    await catchUp(metrics);
    await pool.query('update executions_hour set n = n + 5');
    await insertExecutions(pool, 100, 0.1);
    const from = new Date(Date.now() - 61 * 86_400_000);
    await metrics.rebuild('executions', { from, to: new Date() });
    const tail = await compare(pool, db.schema, appended);
    expect(tail.rollup).toEqual(tail.raw);
    await catchUp(metrics);
    const after = await compare(pool, db.schema, appended);
    expect(after.rollup).toEqual(after.raw);
  });
});
