import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { createMigrator, directory, type Migrator, type MigratorOptions } from '../src/index.ts';
import { useFolder } from './folder.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    retry: { attempts: 1 },
    ...options,
  });
}

test('a cosmetic edit is a note, and says of which file', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2' });
  await migrator().up();
  await folder.write({ '2_b.sql': '-- licence\r\nSELECT   2;\r\n' });
  const { problems, pending, notes } = await migrator().status();
  expect({ problems, pending }).toEqual({ problems: [], pending: [] });
  expect(notes).toMatchObject([
    {
      kind: 'cosmetic-edit',
      migration: { pack: '', version: '2', name: 'b' },
      message: expect.stringMatching(/2_b\.sql was edited after being applied, but says the same$/),
    },
  ]);
});

test('drift comes with what was applied against what the file says', async () => {
  await folder.write({ '1_a.sql': 'create table t (\n  a int\n);\n', '2_b.sql': 'select 2;\n' });
  await migrator().up();
  await folder.write({ '1_a.sql': '-- longer\ncreate table t (\n  a bigint\n);\n' });
  const error: unknown = await migrator()
    .up()
    .catch((reason: unknown) => reason);
  const diff = `@@ -1,3 +1,4 @@
+-- longer
 create table t (
-  a int
+  a bigint
 );
`;
  expect(error).toMatchObject({ code: 'ERR_OPS_MIGRATION_DRIFT', files: [{ version: '1', diff }] });
  expect((error as Error).message).toContain('-  a int\n+  a bigint');
  const [file] = (error as { files: { appliedHash: string; fileHash: string }[] }).files;
  expect(file?.appliedHash).not.toBe(file?.fileHash);
});

test('drift of a text that is not in the history has hashes only', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  await migrator().up();
  await db.pool().query(`update ${db.schema}.migrations set body = null`);
  await folder.write({ '1_a.sql': 'select 2' });
  await expect(migrator().up()).rejects.toMatchObject({
    files: [{ diff: undefined, appliedHash: expect.any(String), fileHash: expect.any(String) }],
  });
});

test('an applied file that cannot be parsed any more is a problem of the file', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  await migrator().up();
  await folder.write({ '1_a.sql': "select '1" });
  await expect(migrator().up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_SOURCE',
    problems: [{ line: 1, column: 8 }],
  });
});

test('files that are late run when the call or the file allows it', async () => {
  await folder.write({ '5_a.sql': 'select 5' });
  await migrator().up();
  await folder.write({ '3_b.sql': '-- ops: out-of-order\nselect 3' });
  expect((await migrator().up()).applied).toMatchObject([{ version: '3' }]);
  await folder.write({ '4_c.sql': 'select 4' });
  await expect(migrator().up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_ORDER',
    hint: expect.stringContaining('allowOutOfOrder'),
  });
  expect((await migrator().up({ allowOutOfOrder: true })).applied).toMatchObject([
    { version: '4' },
  ]);
});

test('a version of the far future is refused, until it is applied by a baseline', async () => {
  await folder.write({ '99999999999999_master.sql': 'select 1' });
  await expect(migrator().up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_SOURCE',
    problems: [{ message: expect.stringContaining('lies in the future') }],
  });
  await migrator().baseline('99999999999999');
  expect(await migrator().status()).toMatchObject({ problems: [], pending: [] });
});

test('up stops at a version, and the next one goes on', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2', '10_c.sql': 'select 3' });
  expect((await migrator().up({ to: '002' })).applied).toMatchObject([
    { version: '1' },
    { version: '2' },
  ]);
  expect((await migrator().status()).pending).toMatchObject([{ version: '10' }]);
  expect((await migrator().up({ to: '2' })).applied).toEqual([]);
  await expect(migrator().up({ to: 'latest' })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
  });
  const noFile = "no file has the version '3' (the last is 10)";
  await expect(migrator().up({ to: '3' })).rejects.toThrow(`up: to: ${noFile}`);
  await expect(migrator().plan({ to: '3' })).rejects.toThrow(`plan: to: ${noFile}`);
  expect((await migrator().up()).applied).toMatchObject([{ version: '10' }]);
});

test('dotted versions of Flyway run in their order', async () => {
  await folder.write({
    'V1.10__c.sql': 'insert into t values (3)',
    'V1.2__b.sql': 'insert into t values (2)',
    'V1__a.sql': 'create table t (id int generated always as identity, a int)'.replace(
      'id int generated always as identity, ',
      '',
    ),
  });
  const { applied } = await migrator().up();
  expect(applied.map(({ version }) => version)).toEqual(['1', '1.2', '1.10']);
  expect((await migrator().status()).applied.map(({ version }) => version)).toEqual([
    '1',
    '1.2',
    '1.10',
  ]);
});
