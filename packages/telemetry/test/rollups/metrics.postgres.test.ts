import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  count,
  createMetrics,
  defineRollup,
  max,
  metricsCheck,
  rollupTables,
  sum,
} from '../../src/rollups/index.ts';
import {
  appended,
  catchUp,
  changing,
  compare,
  createExecutions,
  insertExecutions,
  metricsOf,
} from './executions.ts';

const db = useDatabase();
const definition = {
  from: 'executions',
  time: 'started_at',
  grain: ['hour', 'day'],
  dimensions: ['workflow_id', 'status'],
  totals: [['status']],
  measures: { n: count(), ms: sum('duration_ms') },
  mode: 'append',
} as const;

describe('ensureTables', () => {
  it('may be called by many at once, and again', async () => {
    const pool = db.pool({ max: 6 });
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, changing);
    await Promise.all(Array.from({ length: 6 }, () => metrics.ensureTables()));
    await metrics.ensureTables();
    await insertExecutions(pool, 10);
    await metrics.refresh();
    expect((await metrics.lag())[0]).toMatchObject({ pending: 0 });
  });

  it('finds there what the migration pack made', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const [pack] = rollupTables([changing]);
    for (let round = 0; round < 2; round += 1) {
      for (const { sql } of pack?.migrations ?? []) {
        await pool.query(sql.replaceAll('{{schema}}', db.schema));
      }
    }
    await insertExecutions(pool, 20);
    const metrics = metricsOf(pool, db.schema, changing);
    await metrics.ensureTables();
    await metrics.refresh();
    const { rollup, raw } = await compare(pool, db.schema, changing);
    expect(rollup).toEqual(raw);
  });

  it.each([
    [{ from: 'nowhere' }, 'no table'],
    [{ time: 'local_time' }, 'timestamp without time zone'],
    [{ time: 'gone' }, 'no column gone'],
    [{ measures: { s: sum('status') } }, 'column status is text'],
    [{ measures: { s: max('gone') } }, 'no column gone'],
    [{ xid: 'id' }, 'xid8'],
    [{ where: { gone: 1 } }, 'no column gone'],
  ])('says what is wrong with %j', async (change, problem) => {
    const pool = db.pool();
    await createExecutions(pool);
    await pool.query('alter table executions add local_time timestamp');
    const rollup = defineRollup('broken', {
      ...(definition as object),
      ...change,
    } as typeof definition);
    const metrics = createMetrics({ pool, schema: db.schema, rollups: [rollup] });
    await expect(metrics.ensureTables()).rejects.toMatchObject({
      code: 'ERR_OPS_TELEMETRY_ROLLUP_SOURCE',
      message: expect.stringContaining(problem),
    });
  });

  it('quotes every name, and keeps values out of statements', async () => {
    const pool = db.pool();
    const table = 'or"der; drop table x';
    const quoted = `"${table.replaceAll('"', '""')}"`;
    await pool.query(`create table ${quoted} ("t""ime" timestamptz, "d'im" text, "$mark$" int)`);
    const rollup = defineRollup('odd', {
      from: `"${table.replaceAll('"', '""')}"`,
      time: 't"ime',
      grain: 'hour',
      dimensions: ["d'im", '$mark$'],
      measures: { 'n"': count(), "m'": max('$mark$') },
      where: { "d'im": ["a'b", 'c\\', null] },
      mode: 'dirty-buckets',
    });
    const metrics = createMetrics({ pool, schema: db.schema, rollups: [rollup] });
    await metrics.ensureTables();
    await pool.query(
      `insert into ${quoted} values ('2026-01-01Z', 'a''b', 1), ('2026-01-01Z', 'other', 1), ('2026-01-01Z', null, 2)`,
    );
    const read = () =>
      metrics.query('odd', {
        from: new Date('2026-01-01'),
        to: new Date('2026-01-02'),
        where: { "d'im": ["a'b", "'; drop table x; --", null] },
      });
    const bucket = new Date('2026-01-01');
    const expected = [
      { bucket, "d'im": "a'b", 'n"': 1, "m'": 1 },
      { bucket, "d'im": null, 'n"': 1, "m'": 2 },
    ];
    expect(await read()).toEqual(expected);
    await metrics.refresh();
    expect(await read()).toEqual(expected);
  });
});

describe('a definition that changed', () => {
  it('is refused until the rollup is rebuilt', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 100);
    const before = createMetrics({
      pool,
      schema: db.schema,
      rollups: [defineRollup('executions', definition)],
    });
    await before.ensureTables();
    await catchUp(before);
    const after = createMetrics({
      pool,
      schema: db.schema,
      rollups: [defineRollup('executions', { ...definition, measures: { calls: count() } })],
    });
    const range = { from: new Date(Date.now() - 70 * 86_400_000), to: new Date() };
    const changed = { code: 'ERR_OPS_TELEMETRY_ROLLUP_CHANGED' };
    await expect(after.ensureTables()).rejects.toMatchObject(changed);
    await expect(after.query('executions', range)).rejects.toMatchObject(changed);
    await expect(after.refresh()).rejects.toMatchObject({
      code: 'ERR_OPS_TELEMETRY_REFRESH_FAILED',
      cause: expect.objectContaining(changed),
    });
    // The old process knows its layout, and must notice all the same.
    await before.query('executions', range);
    await after.rebuild('executions');
    await expect(before.query('executions', { ...range, measures: ['n'] })).rejects.toThrow(
      /stored by definition|does not exist/,
    );
    await catchUp(after);
    const [row] = await after.query('executions', range);
    const { rows } = await pool.query(
      'select count(*)::int as n from executions where started_at < $1',
      [range.to],
    );
    expect(row?.calls).toBe(rows[0]?.n);
  });

  it('says that tables are missing', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    const missing = { code: 'ERR_OPS_TELEMETRY_ROLLUP_MISSING', schema: db.schema };
    const range = { from: new Date(0), to: new Date() };
    await expect(metrics.query('executions', range)).rejects.toMatchObject(missing);
    await expect(metrics.refresh()).rejects.toMatchObject({
      cause: expect.objectContaining(missing),
    });
  });
});

describe('query', () => {
  it('refuses what cannot be answered', async () => {
    const metrics = createMetrics({
      pool: db.pool(),
      schema: db.schema,
      rollups: [defineRollup('executions', definition)],
    });
    const range = { from: new Date(0), to: new Date() };
    const ask = (query: object) => metrics.query('executions', { ...range, ...query });
    const refusal = (reason: string) => ({ code: 'ERR_OPS_TELEMETRY_ROLLUP_QUERY', reason });
    await expect(ask({ groupBy: ['user_id'] })).rejects.toMatchObject(refusal('dimension'));
    await expect(ask({ where: { user_id: 1 } })).rejects.toMatchObject(refusal('dimension'));
    await expect(ask({ measures: ['toString'] })).rejects.toMatchObject(refusal('measure'));
    await expect(ask({ top: { by: 'p', limit: 1 } })).rejects.toMatchObject(refusal('measure'));
    await expect(ask({ grain: 'minute' })).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
    });
    await expect(ask({ from: new Date(NaN) })).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
    });
    await expect(metrics.query('nothing' as never, range as never)).rejects.toMatchObject(
      refusal('rollup'),
    );
  });

  it('reads many in one statement, ranks, and fills in what is not said', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 600);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    await catchUp(metrics);
    const statements: string[] = [];
    const counting = createMetrics({
      pool: {
        connect: async () => {
          const client = await pool.connect();
          return {
            query: async (text: string, values?: unknown[]) => {
              statements.push(text);
              return client.query(text, values);
            },
            release: (destroy) => {
              client.release(destroy);
            },
          };
        },
      },
      schema: db.schema,
      rollups: [appended],
    });
    const range = { from: new Date(Date.now() - 70 * 86_400_000), to: new Date() };
    await counting.query('executions', range);
    statements.length = 0;
    const [top, ranked, some, none] = await counting.queryMany([
      {
        rollup: 'executions',
        ...range,
        groupBy: ['workflow_id'],
        measures: ['n'],
        top: { by: 'n', limit: 3 },
      },
      {
        rollup: 'executions',
        ...range,
        groupBy: ['workflow_id'],
        measures: ['n', 'users'],
        top: { by: 'n', limit: 3 },
      },
      {
        rollup: 'executions',
        ...range,
        where: { workflow_id: ['w1', 'w2'] },
        measures: ['p'],
        percentiles: ['p75'],
      },
      { rollup: 'executions', ...range, where: { status: [] }, measures: ['n'] },
    ]);
    expect(statements.filter((text) => text.includes('q0_state'))).toHaveLength(1);
    expect(statements).toHaveLength(3);
    const { rows } = await pool.query(
      `select workflow_id, count(*)::int as n from executions where started_at < $1
group by 1 order by 2 desc, 1 limit 3`,
      [range.to],
    );
    expect(top.map(({ workflow_id, n }) => ({ workflow_id, n }))).toEqual(rows);
    expect(ranked.map(({ n }) => n)).toEqual(rows.map(({ n }) => n));
    expect(some.map(({ workflow_id }) => workflow_id)).toEqual(['w1', 'w2']);
    expect(some[0]?.p).toEqual({ p75: expect.any(Number) });
    expect(none).toEqual([]);
  });

  it('gives numbers, booleans and nulls of dimensions as they are, and the rest as text', async () => {
    const pool = db.pool();
    await pool.query(
      'create table typed (at timestamptz, i int, b bigint, f boolean, u uuid, v varchar(3), d float8)',
    );
    const rollup = defineRollup('typed', {
      from: 'typed',
      time: 'at',
      grain: 'month',
      dimensions: ['i', 'b', 'f', 'u', 'v'],
      measures: { s: sum('d') },
      mode: 'dirty-buckets',
    });
    const metrics = createMetrics({ pool, schema: db.schema, rollups: [rollup] });
    await metrics.ensureTables();
    const u = '6f1b6d7c-7a3f-4a52-9d28-6f6ff0a3a111';
    await pool.query(
      `insert into typed values
('2026-02-03Z', 1, 9007199254740993, true, $1, 'abc', 'NaN'),
('2026-02-03Z', null, null, null, null, null, '-Infinity')`,
      [u],
    );
    await metrics.refresh();
    const rows = await metrics.query('typed', {
      from: new Date('2026-01-01'),
      to: new Date('2027-01-01'),
      grain: 'month',
      groupBy: ['i', 'b', 'f', 'u', 'v'],
    });
    const bucket = new Date('2026-02-01');
    expect(rows).toEqual([
      { bucket, i: 1, b: '9007199254740993', f: true, u, v: 'abc', s: Number.NaN },
      { bucket, i: null, b: null, f: null, u: null, v: null, s: -Infinity },
    ]);
    const found = await metrics.query('typed', {
      from: new Date('2026-01-01'),
      to: new Date('2027-01-01'),
      where: { b: 9007199254740993n, u: [u], v: 'abc' },
      measures: ['s'],
    });
    expect(found).toHaveLength(1);
  });

  it('widens or narrows a range to whole buckets when told to', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    await pool.query(`insert into executions (workflow_id, started_at)
select 'w', timestamptz '2026-02-01T00:00Z' + i * interval '1 hour' from generate_series(0, 71) i`);
    const range = { from: new Date('2026-02-01T12:30Z'), to: new Date('2026-02-03T12:30Z') };
    const read = async (edges: 'exact' | 'outward' | 'inward', grain?: 'day') =>
      (await metrics.query('executions', { ...range, edges, grain, measures: ['n'] })).map(
        ({ n }) => n,
      );
    expect(await read('exact')).toEqual([48]);
    expect(await read('exact', 'day')).toEqual([11, 24, 13]);
    expect(await read('outward', 'day')).toEqual([24, 24, 24]);
    expect(await read('inward', 'day')).toEqual([24]);
    expect(await read('inward')).toEqual([47]);
  });

  it('ends when its signal is aborted or its time is up', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    const lock = await pool.connect();
    await lock.query('begin; lock table executions in access exclusive mode');
    const range = { from: new Date(0), to: new Date() };
    const controller = new AbortController();
    const waiting = metrics.query('executions', range, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(metrics.query('executions', range, { timeout: 50 })).rejects.toThrow(
      /50 ms|timeout/,
    );
    await lock.query('rollback');
    lock.release();
    expect(await metrics.query('executions', range)).toEqual([]);
  });
});

describe('refresh', () => {
  it('leaves a rollup to the worker that is at it', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, appended);
    await metrics.ensureTables();
    const other = await pool.connect();
    await other.query("begin; select from rollup_state where rollup = 'executions' for update");
    expect((await metrics.refresh()).rollups[0]).toMatchObject({ status: 'busy', transactions: 0 });
    await other.query('rollback');
    other.release();
    expect((await metrics.refresh({ budget: 0 })).rollups[0]?.status).toBe('budget');
    expect((await metrics.refresh()).rollups[0]?.status).toBe('done');
  });

  it('gives the others their turn when one fails, and says so', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const other = defineRollup('other', definition);
    const metrics = createMetrics({ pool, schema: db.schema, rollups: [appended, other] });
    await metrics.ensureTables();
    await pool.query('alter table executions_hour rename to elsewhere');
    await insertExecutions(pool, 10);
    let error: unknown;
    for (let turn = 0; error === undefined && turn < 1_000; turn += 1) {
      error = await metrics.refresh().then(
        () => undefined,
        (reason: unknown) => reason,
      );
    }
    expect(error).toMatchObject({
      code: 'ERR_OPS_TELEMETRY_REFRESH_FAILED',
      report: {
        rollups: [
          { rollup: 'executions', status: 'failed' },
          { rollup: 'other', status: 'done' },
        ],
      },
      cause: { code: '42P01' },
    });
  });

  it.each([appended, changing])('survives SIGKILL at any point ($mode)', async (rollup) => {
    const pool = db.pool();
    await createExecutions(pool);
    await insertExecutions(pool, 1_200);
    const metrics = metricsOf(pool, db.schema, rollup);
    await metrics.ensureTables();
    const worker = fileURLToPath(new URL('refresh-worker.ts', import.meta.url));
    for (let kill = 0; kill < 4; kill += 1) {
      const child = spawn(
        process.execPath,
        [worker, db.url, db.schema, rollup.mode, String(kill)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      // It says when it is in the middle of a transaction.
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'close');
      await insertExecutions(pool, 50, 0.1 * kill);
      const { rollup: told, raw } = await compare(pool, db.schema, rollup);
      expect(told).toEqual(raw);
    }
    await catchUp(metrics);
    const { rollup: told, raw } = await compare(pool, db.schema, rollup);
    expect(told).toEqual(raw);
  });
});

describe('lag', () => {
  it('is a health check', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, changing);
    await metrics.ensureTables();
    const check = metricsCheck(metrics, { lag: { fail: 0 }, lastRun: { warn: '1h' } });
    const { signal } = new AbortController();
    const status = async () => (await check.run({ signal })).map((one) => one.status);
    expect(await status()).toEqual(['fail', 'warn']);
    await metrics.refresh();
    expect((await metrics.lag())[0]?.lastRunAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const calm = metricsCheck(metrics);
    expect((await calm.run({ signal })).map((one) => one.status)).toEqual(['pass', 'pass']);
    await insertExecutions(pool, 5);
    const [lag] = await metrics.lag();
    expect(lag?.pending).toBeGreaterThan(0);
    expect(lag?.lagMs).toBeGreaterThanOrEqual(0);
  });

  it('has a watermark that changes when something is stored', async () => {
    const pool = db.pool();
    await createExecutions(pool);
    const metrics = metricsOf(pool, db.schema, changing);
    await metrics.ensureTables();
    await metrics.refresh();
    const first = await metrics.watermark();
    await metrics.refresh();
    expect(await metrics.watermark(['executions'])).toEqual(first);
    await insertExecutions(pool, 5);
    await metrics.refresh();
    expect((await metrics.watermark()).executions).not.toBe(first.executions);
  });
});
