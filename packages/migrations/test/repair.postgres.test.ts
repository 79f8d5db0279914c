import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type Migrator,
  type MigratorOptions,
  pack,
  type RepairOptions,
} from '../src/index.ts';
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

test('accepts edits, and knows the new text from then on', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2', '3_c.sql': 'select 3' });
  await migrator().up();
  const [before] = (await migrator().status()).applied;
  await folder.write({
    '1_a.sql': 'vacuum;\nselect 11;\n',
    '2_b.sql': '-- why\nselect 2',
    '10_d.sql': 'select 10',
  });
  const report = await migrator().repair({ accept: ['001', '3'] });
  expect(report).toEqual({
    accepted: [expect.objectContaining({ version: '1' })],
    forgotten: [],
    dropped: [],
    left: [],
    notes: [],
  });
  const { applied, notes, pending } = await migrator().status();
  expect(applied[0]).toEqual({ ...before, stepCount: 2 });
  expect(notes).toMatchObject([{ kind: 'cosmetic-edit', migration: { version: '2' } }]);
  expect(pending).toMatchObject([{ version: '10' }]);
  expect((await migrator().repair({ accept: 'all' })).accepted).toMatchObject([{ version: '2' }]);
  expect(await migrator().verify()).toMatchObject({ ok: true, notes: [] });
  await folder.write({ '1_a.sql': 'vacuum;\nselect 12;\n' });
  await expect(migrator().up()).rejects.toMatchObject({
    files: [{ diff: '@@ -1,2 +1,2 @@\n vacuum;\n-select 11;\n+select 12;\n' }],
  });
});

test('accepts what up could not run, and says so', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  await migrator().up();
  await folder.write({ '1_a.sql': 'begin; select 1; commit;' });
  await expect(migrator().up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_SOURCE' });
  const { notes } = await migrator().repair({ accept: 'all' });
  expect(notes).toEqual([expect.stringMatching(/1_a\.sql is recorded .* would refuse/)]);
  expect((await migrator().up()).applied).toEqual([]);
});

test('forgets rows whose files are gone', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2' });
  await migrator().up();
  await folder.remove('2_b.sql');
  await expect(migrator().up()).rejects.toMatchObject({
    hint: expect.stringContaining('repair({ forget })'),
  });
  expect((await migrator().repair({ forget: ['2'] })).forgotten).toMatchObject([{ version: '2' }]);
  expect(await migrator().verify()).toMatchObject({ ok: true });
});

test('refuses what would make the history wrong, all at once, and does nothing', async () => {
  await folder.write({
    '1_a.sql': 'select 1',
    '2_b.sql': 'select 2',
    '3_c.sql': 'vacuum; select 1 / 0',
  });
  await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
  await folder.remove('2_b.sql');
  await folder.write({ '1_a.sql': 'select 11', '4_d.sql': 'select 4' });
  const read = `select version, hash, raw_hash, steps_done from ${db.schema}.migrations order by 1`;
  const before = await db.pool().query(read);
  await expect(
    migrator().repair({ accept: ['1', '2', '3', '4'], forget: ['1', '2', '5'] }),
  ).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_REPAIR',
    problems: [
      'accept: 2_b has no file',
      expect.stringMatching(/^accept: .*3_c.sql is only half done/),
      'accept: version 4 is not in the history',
      expect.stringMatching(/^forget: 1_a has its file, .*1_a.sql/),
      'forget: version 5 is not in the history',
    ],
  });
  expect((await db.pool().query(read)).rows).toEqual(before.rows);
});

test.each<[RepairOptions, string]>([
  [{}, 'expected accept, forget or indexes'],
  [{ indexes: false }, 'expected accept, forget or indexes'],
  [{ accept: [] }, 'accept: expected an array of versions'],
  [{ accept: ['latest'] }, 'accept: expected an array of versions'],
  [{ forget: 'all' as never }, 'forget: expected an array of versions'],
  [{ forget: ['1'], pack: 'q' }, "no source has a pack of the name 'q'"],
  [{ index: true } as RepairOptions, 'index: no such option'],
])('refuses %j', async (options, message) => {
  await folder.write({ '1_a.sql': 'select 1' });
  await expect(migrator().repair(options)).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
    message: expect.stringContaining(message),
  });
});

test('has to do with one pack at a time', async () => {
  const of = (sql: string): Migrator =>
    migrator({
      sources: [
        pack({ name: 'p', migrations: [{ version: '1', name: 'a', sql }] }),
        directory(folder.path),
      ],
    });
  await folder.write({ '1_a.sql': 'select 1' });
  await of('select 1').up();
  await folder.write({ '1_a.sql': 'select 2' });
  expect((await of('select 2').repair({ accept: 'all' })).accepted).toMatchObject([{ pack: '' }]);
  await expect(of('select 2').up()).rejects.toMatchObject({ files: [{ pack: 'p' }] });
  expect((await of('select 2').repair({ accept: ['1'], pack: 'p' })).accepted).toHaveLength(1);
  expect((await of('select 2').up()).applied).toEqual([]);
});

test('drops what interrupted builds have left, those of long values included', async () => {
  const pool = db.pool();
  await pool.query('create table t (a int, long text); create index whole on t (a)');
  await pool.query('insert into t values (1), (1)');
  for (const name of ['broken', 'i_ccold1']) {
    await expect(pool.query(`create unique index concurrently ${name} on t (a)`)).rejects.toThrow(
      'could not create unique index',
    );
  }
  // A rebuild that is cancelled while it waits leaves one index for the table and one for its TOAST.
  const [blocker, builder] = [await pool.connect(), await pool.connect()];
  await blocker.query('begin; insert into t values (2)');
  await builder.query("set statement_timeout = '300ms'");
  await expect(builder.query('reindex table concurrently t')).rejects.toMatchObject({
    code: '57014',
  });
  await blocker.query('rollback');
  blocker.release();
  builder.release();
  const { dropped, left } = await migrator().repair({ indexes: true });
  expect(left).toEqual([]);
  const names = dropped.map(({ index }) => index.replace(/pg_toast_\d+/, 'pg_toast_N'));
  expect(names.toSorted()).toEqual([
    '"pg_toast"."pg_toast_N_index_ccnew"',
    `"${db.schema}"."broken"`,
    `"${db.schema}"."i_ccold1"`,
    `"${db.schema}"."whole_ccnew"`,
  ]);
  expect(dropped.every(({ table }) => table === `"${db.schema}"."t"`)).toBe(true);
  expect((await migrator().verify()).problems).toEqual([]);
  expect((await pool.query("select to_regclass('whole') as whole")).rows).toEqual([
    { whole: 'whole' },
  ]);
});

test('an index of somebody else stays, and the others go', async () => {
  const pool = db.pool();
  const role = `r_${db.schema}`;
  await pool.query(`create role ${role}; grant all on schema ${db.schema} to ${role}`);
  await pool.query('create table t (a int); insert into t values (1), (1)');
  await expect(pool.query('create unique index concurrently a on t (a)')).rejects.toThrow(
    'could not create unique index',
  );
  const own = db.pool({ max: 2, options: `-c search_path=${db.schema} -c role=${role}` });
  await own.query('create table u (a int); insert into u values (1), (1)');
  await expect(own.query('create unique index concurrently b on u (a)')).rejects.toThrow(
    'could not create unique index',
  );
  const report = await migrator({ connection: own }).repair({ indexes: true });
  expect(report).toMatchObject({
    dropped: [{ index: `"${db.schema}"."b"` }],
    left: [{ index: `"${db.schema}"."a"`, reason: expect.stringContaining('must be owner') }],
  });
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});
