import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type MigratorOptions,
} from '../../src/index.ts';
import { useFolder } from '../folder.ts';

const db = useDatabase();
const folder = useFolder();

const migrator = (options: Partial<MigratorOptions>): ReturnType<typeof createMigrator> =>
  createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    timeouts: { lock: '60ms' },
    retry: { attempts: 5, backoff: ['1ms', '2ms'] },
    ...options,
  });

test.each([
  ['a transaction', 'alter table t add column b int'],
  ['an index build', 'create index concurrently i on t (a)'],
  ['a statement of its own', 'vacuum full t'],
])('%s that meets a lock is tried again, and the blocker is named', async (_kind, sql) => {
  await folder.write({ '1_a.sql': `select 1; ${sql};` });
  const blocker = await db.pool({ application_name: 'report' }).connect();
  await blocker.query('create table t (a int)');
  await blocker.query('begin; lock table t in access exclusive mode');
  const retries: MigrationEvent[] = [];
  const report = await migrator({
    onEvent: (event) => {
      if (event.type !== 'retry') return;
      retries.push(event);
      if (event.blockers.length > 0) void blocker.query('rollback');
    },
    retry: { attempts: 200, backoff: ['1ms', '2ms'] },
  }).up();
  blocker.release();
  expect(report.retried).toBe(retries.length);
  expect(report.applied).toHaveLength(1);
  expect(retries.at(-1)).toMatchObject({
    sqlstate: '55P03',
    blockers: [{ applicationName: 'report', query: expect.stringContaining('lock table t') }],
  });
});

test('after the last attempt it fails, with the blocker; nothing remains', async () => {
  await folder.write({ '1_a.sql': 'create table made (a int);\nalter table t add column b int;' });
  const blocker = await db.pool().connect();
  await blocker.query('create table t (a int)');
  await blocker.query('begin; lock table t in access exclusive mode');
  await expect(migrator({ retry: { attempts: 2, backoff: [0, 0] } }).up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_LOCK_TIMEOUT',
    sqlstate: '55P03',
    line: 2,
    message: expect.stringContaining('in each of 2 attempts'),
    cause: { code: 'ERR_OPS_MIGRATION_SQL' },
  });
  await blocker.query('rollback');
  blocker.release();
  expect((await db.pool().query("select to_regclass('made') as made")).rows).toEqual([
    { made: null },
  ]);
});

test('a concurrent build waits for old transactions without giving up, and tells for whom', async () => {
  await folder.write({ '1_a.sql': 'create index concurrently i on t (a)' });
  const writer = await db.pool({ application_name: 'writer' }).connect();
  await writer.query('create table t (a int)');
  await writer.query('begin; insert into t values (1)');
  const progress: MigrationEvent[] = [];
  const report = await migrator({
    onEvent: (event) => {
      if (event.type !== 'index-progress') return;
      progress.push(event);
      if (progress.length === 1) void writer.query('commit');
    },
  }).up();
  writer.release();
  expect(report).toMatchObject({ retried: 0, recovered: [] });
  expect(progress[0]).toMatchObject({
    phase: 'waiting for writers before build',
    waitingFor: [{ applicationName: 'writer' }],
  });
});

test('other errors are not retried', async () => {
  await folder.write({ '1_a.sql': 'select 1 / 0' });
  const events: MigrationEvent[] = [];
  await expect(migrator({ onEvent: (event) => events.push(event) }).up()).rejects.toMatchObject({
    sqlstate: '22012',
  });
  expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
});
