import pg from 'pg';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import type { SqlClient } from '../src/database/client.ts';
import { createMigrator, directory, type MigratorOptions } from '../src/index.ts';
import { useFolder } from './folder.ts';
import { inSchema } from './replica.ts';

const db = useDatabase();
const folder = useFolder();

const connections: Record<string, () => MigratorOptions['connection']> = {
  URL: () => inSchema(db.url, db.schema),
  pool: () => db.pool(),
  'pool of one': () => db.pool({ max: 1 }),
  'single client': () => async () => {
    const client = new pg.Client({ connectionString: inSchema(db.url, db.schema) });
    await client.connect();
    return client;
  },
};

const files: Record<string, readonly [sql: string, stepsDone: number, recovered: number]> = {
  'in a transaction': ['create table made (a int); select pg_sleep(600);', 0, 0],
  'in an index build': [
    'create table made (a int); insert into made values (1); create index concurrently i on made (slow(a));',
    1,
    1,
  ],
  'in a statement of its own': [
    'create table made (a int); do $$ begin perform slow(1); commit; end $$;',
    1,
    0,
  ],
};

// Without a second connection, the server takes 2 s to notice: two kinds of steps will do.
const cases = Object.keys(connections).flatMap((kind) =>
  Object.keys(files)
    .filter((file) => kind === 'URL' || file !== 'in a statement of its own')
    .map((file) => [kind, file] as const),
);

test.each(cases)('abort by %s %s: the reason, no lock left, resumable', async (kind, file) => {
  const [sql, stepsDone, recovered] = files[file] ?? ['', 0, 0];
  const watching = db.pool({ max: 1 });
  await db
    .pool()
    .query(
      "create function slow(a int) returns int language plpgsql immutable as 'begin perform pg_sleep(600); return a; end'",
    );
  await folder.write({ '1_a.sql': sql });
  const connection = connections[kind]?.();
  const options = { connection, sources: [directory(folder.path)], history: { schema: db.schema } };
  const controller = new AbortController();
  const reason = new Error('stop');
  const running = createMigrator(options).up({ signal: controller.signal });
  const isAsleep =
    "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
  while ((await watching.query(isAsleep)).rowCount === 0);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);

  // A single client cannot be cancelled from the side: its server process notices within 2 s.
  while (((await watching.query(isAsleep)).rowCount ?? 0) > 0);
  const locks =
    "select 1 from pg_locks l where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
  while (((await watching.query(locks)).rowCount ?? 0) > 0);
  const { pending } = await createMigrator(options).status();
  expect(pending).toMatchObject([{ stepsDone }]);

  await db
    .pool()
    .query(
      "create or replace function slow(a int) returns int language sql immutable as 'select a'",
    );
  await folder.write({ '1_a.sql': sql.replace('select pg_sleep(600)', 'select 1') });
  const report = await createMigrator(options).up();
  expect(report.applied).toHaveLength(1);
  expect(report.recovered).toHaveLength(recovered);
});

test('a signal that is aborted already: nothing is connected to', async () => {
  const made = createMigrator({
    connection: () => Promise.reject(new Error('connected')),
    sources: [directory(folder.path)],
  });
  const signal = AbortSignal.abort('early');
  await expect(made.up({ signal })).rejects.toBe('early');
  await expect(made.status({ signal })).rejects.toBe('early');
  await expect(made.assertCurrent({ signal })).rejects.toBe('early');
});

test('a connection that is lost is a ConnectionError, and the next up goes on', async () => {
  await folder.write({
    '1_a.sql': 'create table a (a int)',
    '2_b.sql': 'create table b (a int); select pg_sleep(600)',
  });
  const options = {
    connection: inSchema(db.url, db.schema),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
  };
  const failed = createMigrator(options).up();
  const kill =
    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
  const [error] = await Promise.all([
    failed.catch((reason: unknown) => reason),
    (async () => {
      const killing = db.pool({ max: 1 });
      while ((await killing.query(kill)).rowCount === 0);
    })(),
  ]);
  expect(error).toMatchObject({ code: 'ERR_OPS_MIGRATION_CONNECTION' });
  expect(String(error)).not.toContain('\n');
  await folder.write({ '2_b.sql': 'create table b (a int)' });
  expect((await createMigrator(options).up()).applied).toMatchObject([{ version: '2' }]);
});

test('a pipe that breaks while sending is a ConnectionError, though its code has five letters', async () => {
  await folder.write({ '1_a.sql': 'create table a (a int); create index concurrently i on a (a)' });
  const connection = async (): Promise<SqlClient> => {
    const client = new pg.Client({ connectionString: inSchema(db.url, db.schema) });
    await client.connect();
    return {
      query: (text, values) =>
        text.startsWith('create index')
          ? Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32 }))
          : client.query(text, values),
      end: () => client.end(),
      on: (event, listener) => client.on(event, listener),
      off: (event, listener) => client.off(event, listener),
    };
  };
  const history = { schema: db.schema };
  const sources = [directory(folder.path)];
  await expect(createMigrator({ connection, sources, history }).up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_CONNECTION',
    message: expect.stringContaining('was lost: write EPIPE'),
  });
});
