import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import {
  createMigrator,
  defineMigration,
  directory,
  type MigrationEvent,
  type Migrator,
  type MigratorOptions,
  pack,
} from '../src/index.ts';
import { useFolder } from './folder.ts';
import { inSchema } from './replica.ts';
import { describeSchema } from './schema.ts';

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

const MODULE = `
  const query = (text) => ({ query }) => query(text).then(() => {});
  export default { kind: 'migration', transaction: true,
    steps: [query('alter table t add column c int')], down: [query('alter table t drop column c')] };`;

/** Every way to say how a file is taken back. */
const FILES = {
  '1_base.up.sql': 'create table t (a int); create table u (a int);',
  '1_base.down.sql': 'drop table u; drop table t;',
  '2_index.sql': `
    -- ops: up
    create index concurrently i on t (a); insert into t values (1);
    -- ops: down
    delete from t; drop index concurrently i;`,
  '3_view.sql': '-- migrate:up\ncreate view v as select 1 as one;\n-- migrate:down\ndrop view v;\n',
  '4_column.mjs': MODULE,
};

const versions = (refs: readonly { version: string }[]): string[] =>
  refs.map(({ version }) => version);

test('up, down and up again: the same schema, step by step and all at once', async () => {
  await folder.write(FILES);
  const empty = await describeSchema(db.pool(), db.schema);
  await migrator().up();
  const full = await describeSchema(db.pool(), db.schema);
  const one = await migrator().down({ steps: 1 });
  expect(one).toMatchObject({
    reverted: [{ version: '4', file: expect.stringContaining('4_column.mjs') }],
    retried: 0,
  });
  expect(versions((await migrator().status()).pending)).toEqual(['4']);
  const events: MigrationEvent[] = [];
  const two = await migrator({ onEvent: (event) => events.push(event) }).down({ to: '01' });
  expect(versions(two.reverted)).toEqual(['3', '2']);
  expect(events.filter(({ type }) => type === 'step-finished')).toMatchObject([
    { migration: { version: '3' }, step: { kind: 'transaction', number: 1, count: 1, line: 4 } },
    { migration: { version: '2' }, step: { kind: 'transaction', number: 1, count: 2 } },
    { migration: { version: '2' }, step: { kind: 'standalone', number: 2, count: 2 } },
  ]);
  expect(events.filter(({ type }) => type === 'migration-finished')).toMatchObject([
    { direction: 'down' },
    { direction: 'down' },
  ]);
  expect(versions((await migrator().down({ to: '0' })).reverted)).toEqual(['1']);
  expect(await describeSchema(db.pool(), db.schema)).toEqual(empty);
  expect(await migrator().down({ steps: 5 })).toMatchObject({ reverted: [], waitedMs: 0 });
  await migrator().up();
  expect(await describeSchema(db.pool(), db.schema)).toEqual(full);
});

test('refuses before it runs anything, and names all that say nothing', async () => {
  await folder.write({
    '1_a.sql': 'create table a (n int)',
    '2_b.sql': '-- ops: up\ncreate table b (n int);\n-- ops: down\ndrop table b;',
    '3_c.sql': 'create table c (n int)',
  });
  await migrator().up();
  const before = await describeSchema(db.pool(), db.schema);
  await expect(migrator().down({ to: '0' })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_IRREVERSIBLE',
    files: [{ version: '3' }, { version: '1', reason: expect.stringContaining('1_a.sql') }],
    hint: expect.stringContaining('.down.sql'),
  });
  await folder.remove('3_c.sql');
  await expect(migrator().down({ steps: 2 })).rejects.toMatchObject({
    files: [{ version: '3', reason: 'its file is gone' }],
  });
  await folder.write({ '3_c.sql': 'select 1', '3_c.down.sql': "drop table c; select 'open" });
  await expect(migrator().down({ steps: 2 })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_SOURCE',
  });
  expect(await describeSchema(db.pool(), db.schema)).toEqual(before);
});

test('what the up part has become does not matter, nor who has recorded it', async () => {
  await folder.write({
    '1_a.sql': 'begin; commit;',
    '1_a.down.sql': 'drop table made',
    '2_b.sql': 'select 1',
    '2_b.down.sql': 'create table undone (a int)',
  });
  await db.pool().query('create table made (a int)');
  await migrator().baseline('1');
  await migrator().up();
  await folder.write({ '2_b.sql': 'select 2' });
  expect(versions((await migrator().down({ steps: 2 })).reverted)).toEqual(['2', '1']);
  const { rows } = await db
    .pool()
    .query("select to_regclass('made') as m, to_regclass('undone') as u");
  expect(rows).toEqual([{ m: null, u: 'undone' }]);
});

test('goes on at the step where it failed; up refuses until then', async () => {
  await folder.write({
    '1_a.sql': 'create table t (a int)',
    '1_a.down.sql': 'set search_path = nowhere; vacuum; create table t (a int)',
  });
  await migrator().up();
  const failed = await migrator()
    .down({ steps: 1 })
    .catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'ERR_OPS_MIGRATION_SQL',
    file: expect.stringContaining('1_a.down.sql'),
    statement: 3,
    sqlstate: '3F000',
  });
  await expect(migrator().up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_HALF_REVERTED' });
  expect((await migrator().status()).pending).toMatchObject([
    { version: '1', isReverting: true, stepsDone: 2, stepCount: 3 },
  ]);
  await folder.write({ '1_a.down.sql': 'set search_path = elsewhere; vacuum; drop table t' });
  await expect(migrator().down({ steps: 1 })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_DRIFT',
    files: [{ file: expect.stringContaining('1_a.down.sql') }],
  });
  // The setting of the step that is done is in force again, and the step that failed may be mended.
  await folder.write({
    '1_a.down.sql': `set search_path = nowhere; vacuum; drop table ${db.schema}.t`,
  });
  const events: MigrationEvent[] = [];
  const onEvent = (event: MigrationEvent): void => void events.push(event);
  await expect(migrator().down({ to: '1' })).rejects.toMatchObject({
    message: expect.stringContaining('half taken back, and cannot stay'),
  });
  expect((await migrator({ onEvent }).down({ steps: 1 })).reverted).toHaveLength(1);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'migration-started', stepsDone: 2, stepCount: 3 }),
  );
  expect((await migrator().up()).applied).toHaveLength(1);
});

test('a file that is half applied is finished first, or not at all', async () => {
  await folder.write({
    '1_a.sql': 'select 1',
    '1_a.down.sql': 'select 1',
    '2_b.sql': 'vacuum; select 1 / 0',
    '2_b.down.sql': 'select 2',
  });
  await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
  await expect(migrator().down({ steps: 1 })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_HALF_APPLIED',
    files: [{ version: '2' }],
  });
});

test('leaves packs alone unless one is named, and takes only that one back', async () => {
  const library = {
    name: 'p',
    migrations: [
      {
        version: '1',
        name: 'a',
        sql: 'create table {{schema}}.a (n int)',
        down: 'drop table {{schema}}.a',
      },
      { version: '2', name: 'b', sql: 'select 1' },
    ],
  };
  await folder.write({ '1_a.sql': 'select 1', '1_a.down.sql': 'select 1' });
  const sources = [pack(library, { schema: db.schema }), directory(folder.path)];
  const made = migrator({ sources });
  await made.up();
  expect((await made.down({ to: '0' })).reverted).toMatchObject([{ pack: '', version: '1' }]);
  await expect(made.down({ steps: 1, pack: 'p' })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_IRREVERSIBLE',
    message: expect.stringContaining('p/2_b'),
  });
  await expect(migrator({ sources: [pack(library)] }).down({ steps: 1 })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
    message: 'down: no source is a directory; name a pack: expected p',
  });
  await expect(made.down({ steps: 1, pack: 'q' })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
  });
});

test.each([
  [{}, 'either steps or to'],
  [{ steps: 1, to: '1' }, 'either steps or to'],
  [{ steps: 0 }, 'steps: expected a whole number'],
  [{ steps: 1.5 }, 'steps: expected a whole number'],
  [{ to: 1 }, 'to: expected a version in a string'],
  [{ to: '7' }, "version '7' is not applied"],
  [{ to: 'latest' }, "version 'latest' is not applied"],
  [{ step: 1 }, 'step: no such option'],
])('refuses %j', async (options, message) => {
  await folder.write({ '1_a.sql': 'select 1', '1_a.down.sql': 'select 1' });
  await migrator().up();
  await expect(migrator().down(options as never)).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
    message: expect.stringContaining(message),
  });
  expect((await migrator().status()).applied).toHaveLength(1);
});

test('of two calls at once for the newest, one takes it back', async () => {
  await folder.write({
    '1_a.sql': 'select 1',
    '1_a.down.sql': 'select 1',
    '2_b.sql': 'select 2',
    '2_b.down.sql': 'select pg_sleep(0.3)',
  });
  await migrator().up();
  const reports = await Promise.all([migrator().down({ steps: 1 }), migrator().down({ steps: 1 })]);
  expect(reports.flatMap(({ reverted }) => versions(reverted))).toEqual(['2']);
  expect(versions((await migrator().status()).applied)).toEqual(['1']);
});

test('refuses when a newer one was applied while it waited', async () => {
  await folder.write({ '1_a.sql': 'select 1', '1_a.down.sql': 'select 1' });
  await migrator().up();
  await folder.write({ '2_b.sql': 'select pg_sleep(0.5)', '2_b.down.sql': 'select 1' });
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const onEvent = ({ type }: MigrationEvent): void => {
    if (type === 'locked') resolve();
  };
  const up = migrator({ onEvent, connection: inSchema(db.url, db.schema) }).up();
  await started;
  await expect(migrator().down({ steps: 1 })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_STALE_PLAN',
    differences: [expect.stringContaining('2_b.sql was applied meanwhile')],
  });
  expect((await up).applied).toHaveLength(1);
});

test('an aborted call leaves a state that the next one finishes', async () => {
  await folder.write({
    '1_a.sql': 'create table t (a int)',
    '1_a.down.sql': 'vacuum; drop table t; select pg_sleep(60)',
  });
  await migrator().up();
  const controller = new AbortController();
  const reason = new Error('enough');
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === 'step-started' && event.step.number === 2) controller.abort(reason);
  };
  await expect(migrator({ onEvent }).down({ steps: 1, signal: controller.signal })).rejects.toBe(
    reason,
  );
  await folder.write({ '1_a.down.sql': 'vacuum; drop table t;' });
  expect((await migrator().down({ steps: 1 })).reverted).toHaveLength(1);
});

test('defineMigration takes the function that takes it back', () => {
  const down = async (): Promise<void> => {};
  expect(defineMigration({ up: down, down })).toMatchObject({ down: [down] });
});
