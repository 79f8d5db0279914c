import { afterEach, expect, test, vi } from 'vitest';
import { formatTrace, formatTraceJson } from '../../src/lint/report/trace-text.ts';
import { type TraceOptions, trace } from '../../src/lint/trace.ts';
import { directory } from '../../src/sources/directory.ts';
import { pack } from '../../src/sources/pack.ts';
import { useFolder } from '../folder.ts';

// PGlite takes 2 to 4 s to start, and more while other files are tested.
vi.setConfig({ testTimeout: 60_000 });

const folder = useFolder();
afterEach(() => {
  vi.doUnmock('@electric-sql/pglite');
});

test('a folder, a pack and what the platform provides', async () => {
  const here = pack({
    name: 'queue',
    schema: 'extensions',
    migrations: [
      { version: '1', name: 'jobs', sql: 'create table {{schema}}.jobs (id int)' },
      { version: '2', name: 'later', sql: 'select 1', when: { table: 'other' } },
      {
        version: '3',
        name: 'index',
        sql: 'create index on {{schema}}.jobs (id)',
        when: { table: 'jobs' },
      },
    ],
  });
  await folder.write({
    '20250101_users.sql':
      'create extension if not exists "uuid-ossp" with schema extensions;\ncreate extension if not exists pg_cron;\ncreate table users (id uuid primary key default uuid_generate_v4(), name text);',
    '20250102_names.sql':
      'create index users_name on users (name);\ninsert into users default values;',
    '20250103_code.ts': 'export default {}',
    '2025-11-05_ignored.sql': 'select 1',
    '20250104_broken.sql': 'alter table users add colunm x int',
    '20250105_orders.sql': 'create table orders (user_id uuid references users)',
  });
  const progress: string[] = [];
  const report = await trace({
    sources: [here, directory(folder.path)],
    setup: ['create schema extensions; set search_path = public, extensions'],
    onProgress: ({ file, number, count }) => {
      progress.push(`${number}/${count} ${file.replace(folder.path, '')}`);
    },
  });
  expect(progress).toEqual([
    '1/8 queue/1_jobs.sql',
    '2/8 queue/2_later.sql',
    '3/8 queue/3_index.sql',
    '4/8 /20250101_users.sql',
    '5/8 /20250102_names.sql',
    '6/8 /20250103_code.ts',
    '7/8 /20250104_broken.sql',
    '8/8 /20250105_orders.sql',
  ]);
  expect(formatTrace(report).replaceAll(`${folder.path}/`, '')).toMatchSnapshot();
  const json = JSON.parse(formatTraceJson(report)) as Record<string, unknown>;
  expect(json).toMatchObject({ version: 1, fileCount: 6, statementCount: 7, invalidIndexes: [] });
  expect(json['failures']).toMatchObject([{ line: 1, column: 32, sqlstate: '42601', hint: null }]);
});

test('ends with the signal between two statements, and closes the database', async () => {
  await folder.write({ '1.sql': 'create table a (id int); select 1', '2.sql': 'select 2' });
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const seen: string[] = [];
  const tracing = trace({
    sources: [directory(folder.path)],
    signal: controller.signal,
    onProgress: ({ file }) => {
      seen.push(file);
      setImmediate(() => {
        controller.abort(reason);
      });
    },
  });
  await expect(tracing).rejects.toBe(reason);
  expect(seen).toHaveLength(1);
  // An aborted signal does not even start it.
  await expect(
    trace({ sources: [directory(folder.path)], signal: controller.signal }),
  ).rejects.toBe(reason);
});

test.each([
  [{}, /sources/],
  [{ sources: [] }, /sources/],
  [{ sources: ['migrations'] }, /sources/],
  [{ sources: [directory('x')], since: 'last week' }, /since/],
  [{ sources: [directory('x')], setup: 'select 1' }, /setup/],
  [{ sources: [directory('x')], sinse: '1' }, /sinse/],
])('refuses %o', async (options, message) => {
  await expect(trace(options as unknown as TraceOptions)).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
    message: expect.stringMatching(message),
  });
});

test('says which package is missing', async () => {
  await folder.write({ '1.sql': 'select 1' });
  vi.doMock('@electric-sql/pglite', () => {
    throw new Error('not installed');
  });
  await expect(trace({ sources: [directory(folder.path)] })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_PEER',
    peer: '@electric-sql/pglite',
  });
});
