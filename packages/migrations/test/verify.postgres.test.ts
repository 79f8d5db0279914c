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

/** An index as a failed unique build leaves it. */
async function breakIndex(name: string): Promise<void> {
  const pool = db.pool();
  await pool.query('create table if not exists t (a int); insert into t values (1), (1)');
  await expect(pool.query(`create unique index concurrently ${name} on t (a)`)).rejects.toThrow(
    'could not create unique index',
  );
}

test('finds nothing wrong, also before the first up, with pending files', async () => {
  await folder.write({ '1_a.sql': 'create table t (a int)', '2_b.sql': 'select 2' });
  const fine = { ok: true, problems: [], notes: [], building: [] };
  expect(await migrator().verify()).toEqual(fine);
  await migrator().up({ to: '1' });
  expect(await migrator().verify()).toEqual(fine);
});

test('tells everything at once', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2', '4_d.sql': 'select 4' });
  await migrator().up();
  await breakIndex('broken');
  await breakIndex('t_pkey_ccnew');
  await folder.write({
    '1_a.sql': 'select 11',
    '2_b.sql': '-- why\nselect 2',
    '3_c.sql': 'select 3',
    '5_e.sql': 'vacuum; select 1 / 0',
  });
  await folder.remove('4_d.sql');
  const report = await migrator().verify();
  expect(report.ok).toBe(false);
  expect(report.problems.map(({ code }) => code.replace('ERR_OPS_MIGRATION_', ''))).toEqual([
    'MISSING_FILE',
    'DRIFT',
    'ORDER',
    'INVALID_INDEX',
  ]);
  expect(report.notes).toMatchObject([{ kind: 'cosmetic-edit', migration: { version: '2' } }]);
  expect(report.problems.at(-1)).toMatchObject({
    indexes: [
      {
        index: `"${db.schema}"."broken"`,
        table: `"${db.schema}"."t"`,
        definition: expect.stringContaining('CREATE UNIQUE INDEX broken'),
        isLeftover: false,
        pid: undefined,
      },
      { index: `"${db.schema}"."t_pkey_ccnew"`, isLeftover: true },
    ],
    hint: expect.stringContaining('repair({ indexes: true })'),
  });
  await migrator().repair({ indexes: true });
});

test('a file that is half done is a problem, by up as by down', async () => {
  await folder.write({ '1_a.sql': 'vacuum; select 1 / 0' });
  await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
  const codes = async (): Promise<string[]> =>
    (await migrator().verify()).problems.map(({ code }) => code);
  expect(await codes()).toEqual(['ERR_OPS_MIGRATION_HALF_APPLIED']);
  await folder.write({ '1_a.sql': 'vacuum; select 1', '1_a.down.sql': 'vacuum; select 1 / 0' });
  await migrator().up();
  await expect(migrator().down({ steps: 1 })).rejects.toMatchObject({ sqlstate: '22012' });
  expect(await codes()).toEqual(['ERR_OPS_MIGRATION_HALF_REVERTED']);
});

test('files that cannot be used are a problem beside the others', async () => {
  await breakIndex('broken');
  await folder.write({ 'R__a.sql': 'select 1' });
  const codes = ['ERR_OPS_MIGRATION_SOURCE', 'ERR_OPS_MIGRATION_INVALID_INDEX'];
  expect((await migrator().verify()).problems.map(({ code }) => code)).toEqual(codes);
  await folder.remove('R__a.sql');
  await folder.write({ '1_a.sql': "select 'open" });
  expect((await migrator().verify()).problems.map(({ code }) => code)).toEqual(codes);
  await expect(
    migrator({ connection: 'postgres://127.0.0.1:1/none' }).verify(),
  ).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_CONNECTION' });
});

test('an index that is being built is none, nor does repair take it away', async () => {
  const pool = db.pool();
  await pool.query('create table t (a int)');
  const [blocker, builder] = [await pool.connect(), await pool.connect()];
  await blocker.query('begin; insert into t values (1)');
  const { rows } = await builder.query('select pg_backend_pid() as pid');
  const built = builder.query('create index concurrently i on t (a)');
  await expect
    .poll(async () => (await migrator().verify()).building)
    .toMatchObject([{ index: `"${db.schema}"."i"`, pid: (rows[0] as { pid: number }).pid }]);
  expect(await migrator().verify()).toMatchObject({ ok: true, problems: [] });
  expect(await migrator().repair({ indexes: true })).toMatchObject({
    dropped: [],
    left: [{ index: `"${db.schema}"."i"`, reason: expect.stringMatching(/^pid \d+ works on it$/) }],
  });
  await blocker.query('commit');
  await built;
  blocker.release();
  builder.release();
  expect(await migrator().verify()).toMatchObject({ building: [] });
});

test('is read-only: works in a transaction that cannot write', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  await migrator().up();
  const options = `-c search_path=${db.schema} -c default_transaction_read_only=on`;
  const readOnly = migrator({ connection: db.pool({ options }) });
  expect(await readOnly.verify()).toMatchObject({ ok: true });
  expect(await readOnly.plan()).toMatchObject({ steps: [] });
});
