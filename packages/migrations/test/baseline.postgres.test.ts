import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { createMigrator, directory, type Migrator, pack } from '../src/index.ts';
import { useFolder } from './folder.ts';

const db = useDatabase();
const folder = useFolder();

const library = { name: 'p', migrations: [{ version: '1', name: 'a', sql: 'select 1' }] };

function migrator(): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [pack(library), directory(folder.path)],
    history: { schema: db.schema },
    retry: { attempts: 1 },
  });
}

test('records files up to a version without running them, and leaves packs alone', async () => {
  await folder.write({
    '1_a.sql': 'select 1 / 0',
    '02_b.sql': 'create index concurrently i on nothing (a)',
    '10_c.sql': 'create table made (a int)',
  });
  const report = await migrator().baseline('0002');
  expect(report).toMatchObject({
    recorded: [{ version: '1' }, { version: '2' }],
    alreadyThere: [],
    notes: [],
  });
  const { applied, pending, problems } = await migrator().status();
  expect(applied).toMatchObject([
    { version: '1', origin: 'baseline', durationMs: 0 },
    { version: '2', origin: 'baseline' },
  ]);
  expect(pending.map((each) => each.pack + each.version)).toEqual(['p1', '10']);
  expect(problems).toEqual([]);
  expect((await migrator().up()).applied).toHaveLength(2);
});

test('is drift when a recorded file is edited, with its diff', async () => {
  await folder.write({ '1_a.sql': 'select 1;\n' });
  await migrator().baseline('1');
  await folder.write({ '1_a.sql': 'select 2;\n' });
  await expect(migrator().up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_DRIFT',
    files: [{ diff: '@@ -1,1 +1,1 @@\n-select 1;\n+select 2;\n' }],
  });
});

test('takes files that up would refuse, and says so', async () => {
  await folder.write({ '1_a.sql': 'begin; select 1; commit;', '2_b.sql': 'select 2' });
  const { recorded, notes } = await migrator().baseline('1');
  expect(recorded).toHaveLength(1);
  expect(notes).toEqual([expect.stringMatching(/1_a\.sql is recorded .* would refuse/)]);
  expect((await migrator().up()).applied).toHaveLength(2);
});

test('leaves what is there as it is, also what is half done', async () => {
  await folder.write({
    '1_a.sql': 'create table t (a int); vacuum t; select 1 / 0;',
    '2_b.sql': 'select 2',
  });
  await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
  const report = await migrator().baseline('2');
  expect(report).toMatchObject({ recorded: [{ version: '2' }], alreadyThere: [{ version: '1' }] });
  expect((await migrator().status()).pending).toMatchObject([{ version: '1', stepsDone: 2 }]);
  expect(await migrator().baseline('2')).toMatchObject({ recorded: [] });
});

test.each(['3', '20', 'latest', ''])('refuses %j, which no file has', async (version) => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2' });
  await expect(migrator().baseline(version)).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
    message: `baseline: no file has the version '${version}' (the last is 2)`,
  });
  expect((await migrator().status()).applied).toEqual([]);
});

test('runs beside up: one of them waits for the other', async () => {
  await folder.write({ '1_a.sql': 'create table made (a int)', '2_b.sql': 'select 2' });
  const [report, up] = await Promise.all([migrator().baseline('2'), migrator().up()]);
  const byUp = up.applied.filter((each) => each.pack === '').length;
  expect(report.recorded.length + byUp).toBe(2);
  expect((await migrator().status()).pending).toEqual([]);
});
