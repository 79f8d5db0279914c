import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { defineRollup } from '../../src/rollups/index.ts';
import { changing, compare, createExecutions, insertExecutions, metricsOf } from './executions.ts';

const db = useDatabase();

describe('dirty-buckets', () => {
  it('answers the same before, during and after the first build', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 2_000);
    const metrics = metricsOf(pool, db.schema, changing);
    await metrics.ensureTables();
    let steps = 0;
    for (let isDone = false; !isDone; steps += 1) {
      const { rollup, raw } = await compare(pool, db.schema, changing);
      expect(rollup).toEqual(raw);
      const controller = new AbortController();
      const one = metricsOf(pool, db.schema, changing, {
        batchRows: 600,
        onEvent: ({ type }) => {
          if (type === 'progress') controller.abort();
        },
      });
      const { rollups } = await one.refresh({ signal: controller.signal });
      await pool.query(
        "update executions set status = 'changed' where id % 50 = $1 and started_at < now()",
        [steps],
      );
      isDone = rollups[0]?.status === 'done';
    }
    expect(steps).toBeGreaterThan(3);
    await metrics.refresh();
    const { rollup, raw } = await compare(pool, db.schema, changing);
    expect(rollup).toEqual(raw);
    expect((await metrics.lag())[0]).toMatchObject({ pending: 0, lagMs: 0, isBuilding: false });
  });

  it('equals raw rows at every moment while rows change, go and move', async () => {
    const pool = db.pool({ max: 10 });
    await createExecutions(pool);
    await insertExecutions(pool, 500);
    const workers = [0, 1].map(() =>
      metricsOf(db.pool(), db.schema, changing, { batchBuckets: 50 }),
    );
    await workers[0]?.ensureTables();
    const changes = [
      "update executions set status = 'error', duration_ms = duration_ms + 1 where id % 17 = $1 % 17",
      'delete from executions where id % 97 = $1 % 97',
      "update executions set started_at = started_at - interval '3 days' where id % 41 = $1 % 41",
      `insert into executions (workflow_id, status, started_at, duration_ms)
select 'w1', 'new', now() - i * interval '7 hours', $1::int from generate_series(1, 40) i`,
    ];
    const writing = new Set(changes);
    const write = async (text: string): Promise<void> => {
      for (let round = 0; round < 14; round += 1) {
        try {
          await pool.query(text, [round]);
        } catch (error) {
          // Two updates may take their rows in another order.
          if ((error as { code?: string }).code !== '40P01') throw error;
        }
      }
      writing.delete(text);
    };
    let moments = 0;
    const watch = async (): Promise<void> => {
      while (writing.size > 0) {
        const { rollup, raw } = await compare(pool, db.schema, changing);
        expect(rollup).toEqual(raw);
        moments += 1;
      }
    };
    const work = async (metrics: (typeof workers)[number]): Promise<void> => {
      while (writing.size > 0) await metrics.refresh();
    };
    await Promise.all([...changes.map(write), watch(), ...workers.map(work)]);
    expect(moments).toBeGreaterThan(0);
    const { rollups } = (await workers[0]?.refresh()) ?? { rollups: [] };
    expect(rollups[0]).toMatchObject({ status: 'done' });
    const { rollup, raw } = await compare(pool, db.schema, changing);
    expect(rollup).toEqual(raw);
  });

  it('becomes empty with a truncate', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 100);
    const metrics = metricsOf(pool, db.schema, changing);
    await metrics.ensureTables();
    await metrics.refresh();
    await pool.query('truncate executions');
    const before = await compare(pool, db.schema, changing);
    expect(before.rollup).toEqual(before.raw);
    await metrics.refresh();
    const { rows } = await pool.query(
      'select (select count(*) from executions_hour)::int as hours, (select count(*) from executions_month)::int as months',
    );
    expect(rows).toEqual([{ hours: 0, months: 0 }]);
  });

  it('keeps buckets older than the raw rows, whatever happens to these', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const kept = defineRollup('executions', {
      ...definition(),
      rawRetention: '30d',
    });
    const metrics = metricsOf(pool, db.schema, kept);
    await metrics.ensureTables();
    await pool.query(`insert into executions (workflow_id, status, started_at)
select 'w', 'success', now() - i * interval '1 day' from generate_series(1, 59) i`);
    await metrics.refresh();
    const from = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 70 * 86_400_000);
    const read = async () =>
      (await metrics.query('executions', { from, to: new Date(), measures: ['n'] }))[0]?.n;
    expect(await read()).toBe(59);
    await pool.query("delete from executions where started_at < now() - interval '30 days'");
    await pool.query(
      "update executions set status = 'error' where started_at > now() - interval '3 days'",
    );
    expect(await read()).toBe(59);
    const { rollups } = await metrics.refresh();
    expect(rollups[0]?.frozenBuckets).toBe(30);
    expect(await read()).toBe(59);
    await expect(metrics.rebuild('executions')).rejects.toMatchObject({
      code: 'ERR_OPS_TELEMETRY_ROLLUP_FROZEN',
    });
    await expect(
      metrics.query('executions', { from: new Date(from.getTime() + 1), to: new Date() }),
    ).rejects.toMatchObject({ code: 'ERR_OPS_TELEMETRY_ROLLUP_QUERY', reason: 'raw-gone' });
    await metrics.rebuild('executions', { discardFrozen: true });
    await metrics.refresh();
    expect(await read()).toBe(29);
  });
});

function definition() {
  const { from, time, grains, dimensions, totals, measures, mode } = changing;
  return { from, time, grain: grains, dimensions, totals, measures, mode };
}
