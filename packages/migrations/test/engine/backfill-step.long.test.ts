import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type Migrator,
  type MigratorOptions,
} from '../../src/index.ts';
import { codeFile } from '../code-file.ts';
import { useFolder } from '../folder.ts';
import { inSchema } from '../replica.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: inSchema(db.url, db.schema),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    ...options,
  });
}

async function value(sql: string): Promise<unknown> {
  const { rows } = await db.pool().query({ text: sql, rowMode: 'array' });
  return (rows[0] as unknown[] | undefined)?.[0];
}

type Progress = Extract<MigrationEvent, { type: 'backfill-progress' }>;

/** Applies one backfill and gives its progress. */
async function run(options: string, more: Partial<MigratorOptions> = {}): Promise<Progress[]> {
  await folder.write({ '1_fill.ts': codeFile(`{ up: backfill({ pause: 0, ${options} }) }`) });
  const progress: Progress[] = [];
  await migrator({
    ...more,
    onEvent: (event) => {
      if (event.type === 'backfill-progress') progress.push(event);
      more.onEvent?.(event);
    },
  }).up();
  return progress;
}

const HUNDRED =
  'create table t (id int primary key, n int not null default 0); insert into t select generate_series(1, 100);';
const onceEach = (): Promise<unknown> => value('select count(*) = 100 and bool_and(n = 1) from t');

describe('a backfill', () => {
  test.each([
    [30, 4, [30, 60, 90, 100], 0.3],
    [50, 3, [50, 100, 100], 0.5],
    [1_000, 1, [100], 1],
  ])('in batches of %i changes each row once', async (batch, batches, rows, ratio) => {
    await db.pool().query(`${HUNDRED} analyze t`);
    const progress = await run(`table: 't', key: 'id', set: 'n = n + 1', batch: ${batch}`);
    expect(progress.map((event) => event.rows)).toEqual(rows);
    expect(progress.at(-1)).toMatchObject({
      batches,
      ratio: 1,
      step: { kind: 'backfill', number: 1, count: 1 },
    });
    expect(progress[0]?.ratio).toBe(ratio);
    expect(await onceEach()).toBe(true);
    await migrator().assertCurrent();
    expect(await value(`select position is null from ${db.schema}.migrations`)).toBe(true);
  });

  test('changes only what the condition names, comments in it included', async () => {
    await db.pool().query(HUNDRED);
    const progress = await run(
      `table: 't', key: 'id', set: 'n = n + 1', where: 'id % 10 = 0 or id = 1 -- some', batch: 4`,
    );
    expect(progress.map(({ rows, ratio }) => [rows, ratio])).toEqual([
      [4, undefined],
      [8, undefined],
      [11, 1],
    ]);
    expect(await value('select sum(n)::int from t')).toBe(11);
  });

  test('that changes its own key fails instead of changing the rows for ever', async () => {
    await db.pool().query(HUNDRED);
    const fill = run(`table: 't', key: 'id', set: 'id = id + 1000, n = n + 1', batch: 30`);
    await expect(fill).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_CODE',
      message: expect.stringContaining('30 rows of t have another key (id) after the change'),
    });
    expect(await value('select max(id) = 100 and max(n) = 0 from t')).toBe(true);
  });

  test('of an empty table is done at once', async () => {
    await db.pool().query('create table t (id int primary key, n int)');
    expect(await run(`table: 't', key: 'id', set: 'n = 1'`)).toMatchObject([
      { rows: 0, batches: 1 },
    ]);
  });

  const keys: readonly (readonly [type: string, expression: string])[] = [
    ['bigint', '(9007199254740993 + g)'],
    ['text collate "C"', "chr(64 + g % 60) || '''\\' || g"],
    ['uuid', 'md5(g::text)::uuid'],
    ['timestamptz', "'2026-01-01'::timestamptz + g * interval '1 microsecond'"],
    ['date', "'2026-01-31'::date - g"],
    ['numeric(12,3)', 'g / 7.0'],
    ['float8', '1 / g::float8'],
    ['bytea', 'sha256(g::text::bytea)'],
    ['int[]', 'array[g % 3, g]'],
    ['inet', "'10.0.0.0'::inet + g"],
    ['char(9)', "g || ' '"],
  ];
  test.each(keys)('walks by %s', async (type, expression) => {
    await db.pool().query(`
      set datestyle = 'SQL, DMY';
      create table t (k ${type} primary key, n int not null default 0);
      insert into t select ${expression} from generate_series(1, 100) g`);
    await run(`table: 't', key: 'k', set: 'n = n + 1', batch: 7`);
    expect(await onceEach()).toBe(true);
  });

  test('walks by several columns, in an odd table, with an index on fewer columns', async () => {
    await db.pool().query(`
      create type mood as enum ('sad', 'ok', 'happy');
      create table "Odd ""t" ("Tenant" mood not null, id int not null, n int not null default 0, unique (id) include (n));
      insert into "Odd ""t" select (enum_range(null::mood))[1 + g % 3], g from generate_series(1, 100) g;
      create view t as select * from "Odd ""t"`);
    await run(`table: '${db.schema}."Odd ""t"', key: ['Tenant', 'id'], set: 'n = n + 1', batch: 9`);
    expect(await onceEach()).toBe(true);
  });

  test('walks through a partitioned table', async () => {
    await db.pool().query(`
      create table t (id int primary key, n int not null default 0) partition by hash (id);
      create table p0 partition of t for values with (modulus 2, remainder 0);
      create table p1 partition of t for values with (modulus 2, remainder 1);
      insert into t select generate_series(1, 100)`);
    await run(`table: 't', key: 'id', set: 'n = n + 1', batch: 13`);
    expect(await onceEach()).toBe(true);
  });
});

describe('a table that cannot be walked through', () => {
  test.each([
    ['', 't', 'id', 'there is no table t'],
    ['create view t as select 1 as id', 't', 'id', 't is not a table'],
    ['create table t (a int primary key)', 't', 'id', 't has no column id'],
    ['create table t (id int unique)', 't', 'id', 'the key id may be null'],
    ['create table t (id int not null)', 't', 'id', 'no unique index makes the key .id. unique'],
    [
      'create table t (id int not null, a int); create unique index on t (id) where a > 1; create unique index on t (id, a); create unique index on t (abs(id))',
      't',
      'id',
      'no unique index makes the key .id. unique',
    ],
    [
      'create table t (id int primary key); create table c () inherits (t)',
      't',
      'id',
      'other tables inherit from t',
    ],
    // Before PostgreSQL 17 the server itself objects.
    [
      'create table t (id int primary key)',
      't where true',
      'id',
      '(there is no table t where true|invalid name syntax)',
    ],
  ])('%s: %s, %s: %s', async (sql, name, key, message) => {
    await db.pool().query(sql === '' ? 'select 1' : sql);
    await expect(run(`table: '${name}', key: '${key}', set: 'n = 1'`)).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_CODE',
      message: expect.stringMatching(message),
    });
  });
});

describe('an interrupted backfill', () => {
  test('goes on behind the last batch after an error', async () => {
    await db.pool().query(`${HUNDRED} alter table t add check (id <> 55 or n = 0)`);
    const options = `table: 't', key: 'id', set: 'n = n + 1', batch: 10`;
    await expect(run(options)).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_CODE',
      sqlstate: '23514',
    });
    expect(await value('select sum(n)::int from t')).toBe(50);
    await db.pool().query('alter table t drop constraint t_check');
    // Rows that come behind the cursor are not found, those ahead are.
    await db.pool().query('insert into t values (-1, 100), (101, 0)');
    const progress = await run(options.replace('batch: 10', 'batch: 20'));
    expect(progress.map(({ rows, batches }) => [rows, batches])).toEqual([
      [70, 6],
      [90, 7],
      [101, 8],
    ]);
    expect(await value('select bool_and(n = 1) from t where id > 0')).toBe(true);
    expect(await value('select n from t where id = -1')).toBe(100);
  });

  test('begins anew when it is about another table', async () => {
    await db.pool().query(`${HUNDRED} alter table t add check (id <> 55 or n = 0);
      create table u (id int primary key, n int not null default 0); insert into u select generate_series(1, 100)`);
    await expect(run(`table: 't', key: 'id', set: 'n = n + 1', batch: 10`)).rejects.toMatchObject({
      sqlstate: '23514',
    });
    await run(`table: 'u', key: 'id', set: 'n = n + 1', batch: 10`);
    expect(await value('select sum(n)::int from u')).toBe(100);
  });

  test.each(['in a batch', 'in a pause'])('is resumable after an abort %s', async (where) => {
    await db.pool().query(HUNDRED);
    const set =
      where === 'in a batch'
        ? 'n = n + 1 + 0 * (select 0 from pg_sleep(case when id = 33 then 600 else 0 end))'
        : 'n = n + 1';
    const controller = new AbortController();
    const reason = new Error('stop');
    await folder.write({
      '1_fill.ts': codeFile(
        `{ up: backfill({ table: 't', key: 'id', set: '${set}', batch: 10, pause: '${where === 'in a batch' ? '0s' : '1d'}' }) }`,
      ),
    });
    let batches = 0;
    const running = migrator({
      onEvent: ({ type }) => {
        if (type === 'backfill-progress' && ++batches === 1 && where === 'in a pause') {
          setImmediate(() => controller.abort(reason));
        }
      },
    }).up({ signal: controller.signal });
    if (where === 'in a batch') {
      const watching = db.pool({ max: 1 });
      const isAsleep =
        "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
      while ((await watching.query(isAsleep)).rowCount === 0);
      controller.abort(reason);
    }
    await expect(running).rejects.toBe(reason);
    expect(await value('select sum(n)::int from t')).toBe(batches * 10);
    await run(`table: 't', key: 'id', set: 'n = n + 1', batch: 10`);
    expect(await onceEach()).toBe(true);
  });

  test('tries a batch that meets a lock again, and only that one', async () => {
    await db.pool().query(HUNDRED);
    const blocker = await db.pool().connect();
    await blocker.query('begin; select from t where id = 45 for update');
    let retries = 0;
    const progress = await run(`table: 't', key: 'id', set: 'n = n + 1', batch: 10`, {
      timeouts: { lock: '20ms' },
      retry: { attempts: 300, backoff: ['1ms', '2ms'] },
      onEvent: ({ type }) => {
        if (type === 'retry' && ++retries === 2) void blocker.query('rollback');
      },
    });
    blocker.release();
    expect(progress.map(({ batches }) => batches)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await onceEach()).toBe(true);
  });

  test('a row that somebody else changes meanwhile is looked at again', async () => {
    await db.pool().query(HUNDRED);
    const other = await db.pool().connect();
    await other.query('begin; update t set n = 1 where id = 5');
    const watching = db.pool({ max: 1 });
    const running = run(`table: 't', key: 'id', set: 'n = n + 1', where: 'n = 0', batch: 10`);
    const waits =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while ((await watching.query(waits)).rowCount === 0);
    await other.query('commit');
    other.release();
    await running;
    expect(await onceEach()).toBe(true);
  });
});
