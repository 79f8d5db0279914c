import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type Migrator,
  type MigratorOptions,
} from '../src/index.ts';
import { useFolder } from './folder.ts';
import { inSchema } from './replica.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    retry: { attempts: 3, backoff: [0, 0] },
    ...options,
  });
}

async function value(sql: string): Promise<unknown> {
  const { rows } = await db.pool().query({ text: sql, rowMode: 'array' });
  return (rows[0] as unknown[] | undefined)?.[0];
}

const BASE = {
  '1_base.sql':
    'create table t (a int, b text); insert into t select g, g::text from generate_series(1, 10) g;',
  '2_index.sql': 'create index concurrently i_a on t (a); create index concurrently i_b on t (b);',
};

describe('up', () => {
  test('a listener that rejects does not end the process half-way', async () => {
    await folder.write(BASE);
    const unhandled: unknown[] = [];
    const keep = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', keep);
    const onEvent = (): unknown => Promise.reject(new Error('listener'));
    const report = await migrator({ onEvent }).up();
    process.off('unhandledRejection', keep);
    expect(report.applied).toHaveLength(2);
    expect(unhandled).toEqual([]);
  });

  test('applies everything once, in order, and reports it', async () => {
    await folder.write(BASE);
    const events: MigrationEvent[] = [];
    const report = await migrator({ onEvent: (event) => events.push(event) }).up();
    expect(report).toMatchObject({
      applied: [
        { version: '1', name: 'base' },
        { version: '2', name: 'index' },
      ],
      recovered: [],
      retried: 0,
    });
    expect(events.filter(({ type }) => type === 'step-finished')).toMatchObject([
      { step: { kind: 'transaction', number: 1, count: 1 }, outcome: 'done' },
      { step: { kind: 'index', number: 1, count: 2, index: 'i_a', line: 1 }, outcome: 'done' },
      { step: { kind: 'index', number: 2, count: 2, index: 'i_b' }, outcome: 'done' },
    ]);
    const again: MigrationEvent[] = [];
    const second = await migrator({ onEvent: (event) => again.push(event) }).up();
    expect(second).toMatchObject({ applied: [], waitedMs: 0 });
    expect(again).toEqual([]);
    expect(await value('select count(*)::int from t')).toBe(10);
  });

  test.each(['pool', 'URL', 'client'] as const)('connects by %s', async (kind) => {
    await folder.write(BASE);
    const pool = db.pool();
    const connection = {
      pool,
      URL: inSchema(db.url, db.schema),
      client: async () => {
        const { default: pg } = await import('pg');
        const client = new pg.Client({ connectionString: inSchema(db.url, db.schema) });
        await client.connect();
        return client;
      },
    }[kind];
    const made = migrator({ connection });
    expect((await made.up()).applied).toHaveLength(2);
    expect((await made.status()).pending).toEqual([]);
    await made.assertCurrent();
  });

  test('works with a pool of one, and leaves no setting on it', async () => {
    await folder.write({
      '1_a.sql':
        "set search_path = pg_catalog; set lock_timeout = '7s'; create temp table x (a int);",
      '2_b.sql': `create table ${db.schema}.made (a int); create index concurrently i on ${db.schema}.made (a)`,
    });
    const pool = db.pool({ max: 1 });
    await migrator({ connection: pool }).up();
    const { rows } = await pool.query(
      "select current_setting('search_path') as path, current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement, to_regclass('pg_temp.x') as temp",
    );
    expect(rows).toEqual([{ path: db.schema, lock: '0', statement: '0', temp: null }]);
    expect(pool.waitingCount).toBe(0);
  });

  test('what one file leaves in the session does not reach the next', async () => {
    await db
      .pool()
      .query(
        `create role ${db.schema}_role; grant all on schema ${db.schema} to ${db.schema}_role`,
      );
    try {
      await folder.write({
        '1_a.sql': `set role ${db.schema}_role; set search_path = pg_catalog; set lock_timeout = '9s'; create temp table helper (a int); create table ${db.schema}.theirs (a int);`,
        '2_b.sql':
          "create temp table helper (b int); create table seen as select current_user::text as who, current_setting('lock_timeout') as lock;",
      });
      await migrator().up();
      expect(await value('select array[who, lock] from seen')).toEqual(['postgres', '2s']);
      expect(
        await value(
          `select pg_get_userbyid(relowner)::text from pg_class where oid = '${db.schema}.theirs'::regclass`,
        ),
      ).toBe(`${db.schema}_role`);
    } finally {
      await db.pool().query(`drop owned by ${db.schema}_role; drop role ${db.schema}_role`);
    }
  });

  test('an ordinary role that owns a schema needs no other right', async () => {
    const role = `${db.schema}_owner`;
    const pool = db.pool();
    await pool.query(
      `create role ${role} login password 'p'; grant all on schema ${db.schema} to ${role}`,
    );
    await pool.query(
      `do $$ begin execute format('grant create on database %I to ${role}', current_database()); end $$`,
    );
    const url = new URL(inSchema(db.url, db.schema));
    url.username = role;
    url.password = 'p';
    const schema = `${role}_history`;
    try {
      await folder.write(BASE);
      const made = migrator({ connection: url.href, history: { schema } });
      expect((await made.up()).applied).toHaveLength(2);
      await pool.query(`truncate ${schema}.migrations; drop index i_b`);
      await folder.remove('1_base.sql');
      expect((await made.up()).applied).toHaveLength(1);
    } finally {
      await pool.query(`drop owned by ${role} cascade; drop role ${role}`);
    }
  });

  test('a failing file is rolled back, what came before it stays', async () => {
    await folder.write({
      ...BASE,
      '3_bad.sql': 'create table half (a int);\ninsert into half\n  select nöpe from t;',
    });
    const failing = migrator().up();
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SQL',
      line: 3,
      column: 10,
      sqlstate: '42703',
      statement: 2,
      statementCount: 2,
      excerpt: '  3 |   select nöpe from t;\n    |          ^',
      message: expect.stringMatching(
        /3_bad\.sql:3:10: column "nöpe" does not exist \(SQLSTATE 42703, statement 2 of 2\)/,
      ),
    });
    expect(await value("select to_regclass('half')")).toBeNull();
    await folder.write({ '3_bad.sql': 'create table half (a int);' });
    expect((await migrator().up()).applied).toMatchObject([{ version: '3' }]);
  });

  test('a deferred constraint fails at commit, and says so', async () => {
    await folder.write({
      '1_a.sql': `create table p (a int primary key);
        create table c (a int references p deferrable initially deferred);
        insert into c values (1);`,
    });
    await expect(migrator().up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SQL',
      sqlstate: '23503',
      message: expect.stringContaining('at the end of the transaction'),
    });
    expect((await migrator().status()).applied).toEqual([]);
  });

  test('goes on at the step that failed, with the settings of the steps before it', async () => {
    await folder.write({
      '1_a.sql': `
        create schema ${db.schema}_x; set search_path = ${db.schema}_x; create table t (a int); insert into t values (1);
        create index concurrently i on t (a);
        insert into t values (1 / 0);`,
    });
    try {
      await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012', statement: 6 });
      expect(await migrator().status()).toMatchObject({
        applied: [],
        pending: [{ stepsDone: 2, stepCount: 3 }],
        problems: [],
      });
      await folder.write({
        '1_a.sql': `
          create schema ${db.schema}_x; set search_path = ${db.schema}_x; create table t (a int); insert into t values (1); -- kept
          create index concurrently i on t (a);
          insert into t values (2);`,
      });
      const events: MigrationEvent[] = [];
      await migrator({ onEvent: (event) => events.push(event) }).up();
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'migration-started', stepsDone: 2, stepCount: 3 }),
      );
      expect(await value(`select array_agg(a order by a) from ${db.schema}_x.t`)).toEqual([1, 2]);
    } finally {
      await db.pool().query(`drop schema ${db.schema}_x cascade`);
    }
  });

  test('of a file that failed half-way, only the rest may be edited, or be taken away', async () => {
    await folder.write({ '1_a.sql': 'create table t (a int); vacuum t; select 1 / 0;' });
    await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
    await folder.write({ '1_a.sql': 'create table t (a bigint); vacuum t; select 1;' });
    await expect(migrator().up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_DRIFT' });
    await folder.write({ '1_a.sql': 'create table t (a int); vacuum t;' });
    expect((await migrator().up()).applied).toMatchObject([{ version: '1' }]);
    await migrator().assertCurrent();
  });

  test('statements that cannot be in a transaction run alone, found by themselves', async () => {
    await folder.write({
      '1_a.sql': `
        create table t (a int primary key) partition by range (a);
        create table p partition of t for values from (0) to (10);
        create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end;
        create rule r as on delete to p do instead (select 1; select 2);
        do $do$ begin for i in 1..3 loop insert into t values (i); commit; end loop; end $do$;
        alter table t detach partition p concurrently;
        reindex table concurrently p;
        vacuum (analyze) p;
        create index concurrently i on p (a);
        drop index concurrently i;`,
    });
    await migrator().up();
    expect(await value('select count(*)::int from p')).toBe(3);
    expect(await value('select f()')).toBe(2);
    expect(await value("select to_regclass('i')")).toBeNull();
  });

  test('a step that an interrupted run may have done is not asked for twice', async () => {
    await folder.write({
      '1_a.sql':
        'create table t (a int); create index i on t (a); drop index concurrently i; select 1 / 0;',
    });
    await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
    // As after a kill between the statement and its record.
    await db
      .pool()
      .query(
        `update ${db.schema}.migrations set steps_done = 1, step_running = true, steps_hash = (select steps_hash from ${db.schema}.migrations)`,
      );
    const { hashSteps } = await import('../src/migration.ts');
    const { loadSources } = await import('../src/sources/load.ts');
    const { parseFiles } = await import('../src/sources/parse-files.ts');
    const [migration] = await parseFiles(await loadSources([directory(folder.path)]));
    await db
      .pool()
      .query(`update ${db.schema}.migrations set steps_hash = $1`, [
        migration && hashSteps(migration, 1),
      ]);
    await folder.write({
      '1_a.sql':
        'create table t (a int); create index i on t (a); drop index concurrently i; select 1;',
    });
    const events: MigrationEvent[] = [];
    await migrator({ onEvent: (event) => events.push(event) }).up();
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step-finished', outcome: 'present' }),
    );
  });

  test('a drop of nothing fails each time, since nothing was interrupted', async () => {
    await folder.write({ '1_a.sql': 'drop index concurrently nothing_here;' });
    await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '42704' });
    await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '42704' });
  });

  test('a listener that throws does not disturb', async () => {
    await folder.write(BASE);
    const onEvent = (): never => {
      throw new Error('listener');
    };
    expect((await migrator({ onEvent }).up()).applied).toHaveLength(2);
  });
});

describe('drift, order and missing files', () => {
  test('cosmetic edits are fine, others are not', async () => {
    await folder.write(BASE);
    await migrator().up();
    await folder.write({
      '2_index.sql':
        '\uFEFF-- licence\r\nCREATE INDEX CONCURRENTLY i_a ON t (a);\r\ncreate index concurrently i_b on t (b)',
    });
    await migrator().up();
    await folder.write({ '2_index.sql': BASE['2_index.sql'].replace('(b)', '(b desc)') });
    await expect(migrator().up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_DRIFT',
      files: [{ version: '2', name: 'index' }],
    });
    const status = await migrator().status();
    expect(status.problems).toMatchObject([{ code: 'ERR_OPS_MIGRATION_DRIFT' }]);
    await migrator().assertCurrent();
  });

  test('a pending file that is older than the newest applied one is refused', async () => {
    await folder.write({ '10_a.sql': 'select 1', '30_c.sql': 'select 1' });
    await migrator().up();
    await folder.write({
      '9_late.sql': 'select 1',
      '20_late.sql': 'select 1',
      '40_fine.sql': 'select 1',
    });
    await expect(migrator().up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_ORDER',
      files: [{ version: '9' }, { version: '20' }],
      hint: expect.stringContaining('above 30'),
    });
  });

  test('an applied file that is gone is refused, but current', async () => {
    await folder.write(BASE);
    await migrator().up();
    await folder.remove('2_index.sql');
    await expect(migrator().up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_MISSING_FILE',
      files: [{ version: '2', name: 'index' }],
    });
    await migrator().assertCurrent();
  });
});

describe('status and assertCurrent', () => {
  test('work before the first up, and write nothing', async () => {
    await folder.write(BASE);
    const made = migrator({ history: { schema: `${db.schema} "never"` } });
    expect(await made.status()).toMatchObject({
      applied: [],
      pending: [
        { version: '1', stepsDone: 0, stepCount: 1 },
        { version: '2', stepsDone: 0, stepCount: 2 },
      ],
      problems: [],
    });
    await expect(made.assertCurrent()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_PENDING',
      pending: [{ version: '1' }, { version: '2' }],
    });
    expect(await value(`select count(*)::int from pg_namespace where nspname like '%never%'`)).toBe(
      0,
    );
  });

  test('tell when each was applied', async () => {
    await folder.write(BASE);
    await migrator().up();
    const { applied, pending } = await migrator().status();
    expect(pending).toEqual([]);
    expect(applied).toMatchObject([
      { version: '1', appliedAt: expect.any(Date) },
      { version: '2' },
    ]);
    expect(Math.abs(Number(applied[0]?.appliedAt) - Date.now())).toBeLessThan(3_600_000);
  });

  test('a schema with an odd name is created and quoted', async () => {
    await folder.write(BASE);
    const schema = `${db.schema} "odd"`;
    await migrator({ history: { schema } }).up();
    expect(
      await value(`select count(*)::int from "${schema.replaceAll('"', '""')}".migrations`),
    ).toBe(2);
    await db.pool().query(`drop schema "${schema.replaceAll('"', '""')}" cascade`);
  });

  test("somebody else's table of that name is refused", async () => {
    await folder.write(BASE);
    await db.pool().query('create table migrations (id int)');
    await expect(migrator().up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_HISTORY' });
    await expect(migrator().status()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_HISTORY' });
  });
});
