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
import { recordedClient } from './recorded-client.ts';

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

const failure = async (): Promise<Record<string, unknown>> =>
  migrator()
    .up()
    .then(
      () => ({}),
      (error: unknown) => error as Record<string, unknown>,
    );

describe('a transaction is one message', () => {
  test('begin, statements, record and commit take one round trip', async () => {
    await folder.write({ '1_a.sql': 'create table a (n int); insert into a values (1); -- end' });
    const { sent, connect } = recordedClient(inSchema(db.url, db.schema));
    await migrator({ connection: connect }).up();
    const messages = sent.filter((text) => text.includes('create table a'));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^begin; .*insert into a values \(1\);.*migrations.*commit$/s);
    expect(await value('select n from a')).toBe(1);
  });

  test('text that could break it out of its place stays in it', async () => {
    await folder.write({
      '1_a.sql': String.raw`
        create table a (t text); -- ; commit
        insert into a values (E'it\'s; commit'), ($$; rollback; --$$), ('C:\'); /* ; */
        create rule r as on delete to a do also (select 1; select 2);
        create function f() returns int language sql begin atomic select 1; end -- no semicolon`,
    });
    await migrator().up();
    expect(await value('select array_agg(t) from a')).toEqual([
      "it's; commit",
      '; rollback; --',
      'C:\\',
    ]);
    expect(await value('select f()')).toBe(1);
  });

  test('a file beyond 64 KiB is sent statement by statement', async () => {
    const rows = Array.from({ length: 9_000 }, (_, n) => `(${n})`).join(', ');
    await folder.write({ '1_a.sql': `create table a (n int); insert into a values ${rows};` });
    const { sent, connect } = recordedClient(inSchema(db.url, db.schema));
    await migrator({ connection: connect }).up();
    expect(sent).toContain('create table a (n int)');
    expect(await value('select count(*)::int from a')).toBe(9_000);
  });

  test('a file may take another role, and its record is written by ours', async () => {
    const role = `${db.schema}_role`;
    await db
      .pool()
      .query(`create role ${role}; grant usage, create on schema ${db.schema} to ${role}`);
    try {
      await folder.write({
        '1_a.sql': `set role ${role}; create table theirs (n int);`,
        '2_b.sql': 'create table ours (n int);',
      });
      expect((await migrator().up()).applied).toHaveLength(2);
      expect(
        await value("select tableowner = 'postgres' from pg_tables where tablename = 'ours'"),
      ).toBe(true);
      expect(await value("select tableowner from pg_tables where tablename = 'theirs'")).toBe(role);
    } finally {
      await db.pool().query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe('when it fails, the error has its place', () => {
  test.each([
    ['by position', 'select 1;\nselect nöpe', '42703', 2, 8],
    ['without a position', 'select 1;\nselect 2; select 1 / 0', '22012', 2, 11],
    ['at the end of the text', 'select 1;\nselect (1', '42601', 2, 10],
    [
      'of a constraint',
      'create table a (n int check (n > 0));\n  insert into a values (0)',
      '23514',
      2,
      3,
    ],
  ])('%s', async (_kind, sql, sqlstate, line, column) => {
    await folder.write({ '1_a.sql': sql });
    expect(await failure()).toMatchObject({ sqlstate, line, column });
    expect((await migrator().status()).applied).toEqual([]);
    expect(await value("select to_regclass('a')")).toBeNull();
  });

  test('a syntax error is told as the server tells it of the statement alone', async () => {
    await folder.write({ '1_a.sql': 'select 1; select (1' });
    expect(await failure()).toMatchObject({
      message: expect.stringContaining('syntax error at end of input'),
    });
  });

  test('a file that destroys the history is a HistoryError, and leaves nothing', async () => {
    await folder.write({ '1_a.sql': 'select 1', '2_b.sql': `drop table ${db.schema}.migrations` });
    expect(await failure()).toMatchObject({ code: 'ERR_OPS_MIGRATION_HISTORY' });
    expect((await migrator().status()).applied).toMatchObject([{ version: '1' }]);
  });

  test('what was cancelled is not begun again', async () => {
    await db.pool().query('create sequence s');
    await folder.write({
      '1_a.sql': "select nextval('s'); set local statement_timeout = 20; select pg_sleep(60)",
    });
    expect(await failure()).toMatchObject({
      sqlstate: '57014',
      message: expect.stringContaining('in this statement or one of the 2 before it'),
    });
    expect(await value("select nextval('s')::int")).toBe(2);
  });

  test.each(['prepare p as select 1; execute p; lock table t', null])(
    'a statement that was prepared does not stand in the way of the next attempt (%s)',
    async (sql) => {
      const blocker = await db.pool().connect();
      await blocker.query('create table t (a int)');
      await blocker.query('begin; lock table t');
      const up = `async ({ query }) => { for (const sql of ['prepare p as select 1', 'execute p', 'lock table t']) await query(sql); }`;
      await folder.write(
        sql === null ? { '1_a.ts': codeFile(`{ up: ${up} }`) } : { '1_a.sql': sql },
      );
      let retries = 0;
      const report = await migrator({
        timeouts: { lock: '20ms' },
        retry: { attempts: 300, backoff: ['1ms', '2ms'] },
        onEvent: ({ type }) => {
          if (type === 'retry' && ++retries === 2) void blocker.query('rollback');
        },
      }).up();
      blocker.release();
      expect(report.applied).toHaveLength(1);
    },
  );

  test('a lock timeout on the history is tried again', async () => {
    await folder.write({ '1_a.sql': 'create table a (n int)' });
    await migrator().up();
    await folder.write({ '2_b.sql': 'create table b (n int)', '3_c.sql': 'vacuum b' });
    const blocker = await db.pool().connect();
    await blocker.query(`begin; lock table ${db.schema}.migrations in share mode`);
    const retries: MigrationEvent[] = [];
    const report = await migrator({
      timeouts: { lock: '30ms' },
      retry: { attempts: 200, backoff: ['1ms', '2ms'] },
      onEvent: (event) => {
        if (event.type === 'retry' && retries.push(event) === 3) void blocker.query('rollback');
      },
    }).up();
    blocker.release();
    expect(report.retried).toBe(retries.length);
    expect(report.applied).toHaveLength(2);
  });
});

describe('many small files', () => {
  const files = (count: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`${n + 1}_t.sql`, `create table t${n + 1} (n int)`]),
    );

  test('share messages, and each is told and recorded by itself', async () => {
    await folder.write(files(40));
    const { sent, connect } = recordedClient(inSchema(db.url, db.schema));
    const events: MigrationEvent[] = [];
    const report = await migrator({
      connection: connect,
      onEvent: (event) => events.push(event),
    }).up();
    expect(report.applied.map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    expect(sent.filter((text) => text.includes('create table t')).length).toBeLessThan(40);
    expect(events.slice(1, 9).map(({ type }) => type)).toEqual([
      'migration-started',
      'step-started',
      'step-finished',
      'migration-finished',
      'migration-started',
      'step-started',
      'step-finished',
      'migration-finished',
    ]);
    expect((await migrator().status()).applied).toHaveLength(40);
  });

  test.each([2, 9, 20])(
    'number %i fails: those before it are done, it and the rest are not',
    async (bad) => {
      await folder.write({
        ...files(30),
        [`${bad}_t.sql`]: 'create table half (n int);\nselect 1 / 0',
      });
      expect(await failure()).toMatchObject({ sqlstate: '22012', line: 2, statement: 2 });
      const { applied, pending } = await migrator().status();
      expect([applied.length, pending.length]).toEqual([bad - 1, 31 - bad]);
      expect(await value("select to_regclass('half')")).toBeNull();
      expect(await value(`select to_regclass('t${bad - 1}') is not null`)).toBe(true);
      expect(await value(`select to_regclass('t${bad + 1}')`)).toBeNull();
      await folder.write(files(30));
      expect((await migrator().up()).applied).toHaveLength(31 - bad);
    },
  );

  test('what one leaves in the session does not reach the next', async () => {
    const leave = (n: number): string => `
      create table seen${n} as select current_setting('search_path') as path, current_setting('lock_timeout') as lock,
        to_regclass('pg_temp.helper') as temp, (select count(*)::int from pg_prepared_statements) as prepared;
      set search_path = pg_catalog; set lock_timeout = '9s';
      create temp table helper (n int); prepare p as select 1; listen channel; set default_transaction_read_only = on;`;
    await folder.write(
      Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n + 1}_s.sql`, leave(n + 1)])),
    );
    await migrator().up();
    const all = Array.from({ length: 12 }, (_, n) => `select * from seen${n + 1}`).join(' union ');
    expect((await db.pool().query(all)).rows).toEqual([
      { path: db.schema, lock: '2s', temp: null, prepared: 0 },
    ]);
  });

  test('what was cancelled is not begun again', async () => {
    await db.pool().query('create sequence s');
    await folder.write({
      ...files(6),
      '6_t.sql': "select nextval('s'); set local statement_timeout = 20; select pg_sleep(60)",
    });
    expect(await failure()).toMatchObject({ sqlstate: '57014' });
    expect(await value("select nextval('s')::int")).toBe(2);
    expect((await migrator().status()).applied).toHaveLength(5);
  });

  test('their durations are their own', async () => {
    await folder.write({ ...files(4), '3_t.sql': 'select pg_sleep(0.3)' });
    await migrator().up();
    const { rows } = await db
      .pool()
      .query(
        `select version, duration_ms::int >= 300 as slept from ${db.schema}.migrations order by 1`,
      );
    expect(rows.map(({ slept }: { slept: boolean }) => slept)).toEqual([false, false, true, false]);
  });
});
