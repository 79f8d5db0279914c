import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directory } from '../../src/sources/directory.ts';
import { readSources } from '../../src/sources/load.ts';
import { parseFiles } from '../../src/sources/parse-files.ts';
import { useFolder } from '../folder.ts';

const folder = useFolder();

async function read(
  files: Record<string, string>,
): Promise<{ files: unknown[]; problems: string[] }> {
  await folder.write(files);
  const { files: found, problems } = await readSources([directory(folder.path)]);
  const base = (file: string): string => file.slice(folder.path.length + 1);
  return {
    files: found.map(({ version, name, file, kind, down }) => [
      version,
      name,
      kind,
      base(file),
      ...(down ? [base(down.file)] : []),
    ]),
    problems: problems.map(({ file, message }) => `${base(file)}: ${message}`),
  };
}

describe('names', () => {
  test.each([
    ['0007_add_plans.sql', '7', 'add_plans', 'sql'],
    ['8-add-plans.sql', '8', 'add-plans', 'sql'],
    ['20250101_120000_x.sql', '20250101', '120000_x', 'sql'],
    ['9.sql', '9', '', 'sql'],
    ['10.up.sql', '10', '', 'sql'],
    ['11_x.up.sql', '11', 'x', 'sql'],
    ['12_a.b.sql', '12', 'a.b', 'sql'],
    ['V1__first.sql', '1', 'first', 'sql'],
    ['V1.2__second.sql', '1.2', 'second', 'sql'],
    ['V1_10__third.sql', '1.10', 'third', 'sql'],
    ['13_code.ts', '13', 'code', 'code'],
    ['14-code.mjs', '14', 'code', 'code'],
  ])('%s is version %s, name %j, %s', async (file, version, name, kind) => {
    expect(await read({ [file]: 'select 1' })).toEqual({
      files: [[version, name, kind, file]],
      problems: [],
    });
  });

  test.each([
    '2025-11-05_plans.sql',
    '1_.up.sql',
    '1_x.DOWN.sql',
    '1_x.rollback.sql',
    '001.do.users.sql',
    'V1_x.sql',
    'v1__x.sql',
    'R__view.sql',
    'plans.sql',
    '1_x.SQL',
    '2025-11-05_plans.ts',
  ])('%s is said to be ignored', async (file) => {
    const { files, problems } = await read({ [file]: 'select 1' });
    expect(files).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(/so the file would be ignored$/)]);
  });

  test.each([
    '.1_x.sql',
    '1_x.txt',
    '1_x.sql.bak',
    '1_x.d.ts',
    '1_x.test.ts',
    'helper.ts',
    'V1__x.sql.conf',
    '1_x.cjs',
  ])('%s is passed over', async (file) => {
    expect(await read({ [file]: '\\' })).toEqual({ files: [], problems: [] });
  });

  test('a date with hyphens gets a name that would do', async () => {
    await folder.write({ '2025-11-05_plans.sql': 'select 1' });
    const { problems } = await readSources([directory(folder.path)]);
    expect(problems[0]?.hint).toBe('Name it 20251105000000_plans.sql');
  });
});

test('an ending in capitals is what the message is about', async () => {
  await folder.write({ '1_x.SQL': 'select 1' });
  const { problems } = await readSources([directory(folder.path)]);
  expect(problems).toMatchObject([
    {
      message: 'the ending is not .sql in lower case, so the file would be ignored',
      hint: 'Name it 1_x.sql',
    },
  ]);
});

describe('down files', () => {
  test('belong to the file of their version, in every convention', async () => {
    const { files, problems } = await read({
      '01_a.up.sql': 'select 1',
      '1_a.down.sql': 'select 2',
      '2_b.sql': 'select 1',
      '2_b.down.sql': 'select 2',
      'V3.1__c.sql': 'select 1',
      'U3.1__undo_c.sql': 'select 2',
    });
    expect(problems).toEqual([]);
    expect(files).toEqual([
      ['1', 'a', 'sql', '01_a.up.sql', '1_a.down.sql'],
      ['2', 'b', 'sql', '2_b.sql', '2_b.down.sql'],
      ['3.1', 'c', 'sql', 'V3.1__c.sql', 'U3.1__undo_c.sql'],
    ]);
  });

  test('without a file, or two for one, are problems and never run', async () => {
    const { files, problems } = await read({
      '1_a.sql': 'select 1',
      '1_a.down.sql': 'select 2',
      '1_other.down.sql': 'select 3',
      '2_gone.down.sql': 'drop table t',
      'U4__gone.sql': 'drop table t',
    });
    expect(files).toEqual([['1', 'a', 'sql', '1_a.sql', '1_a.down.sql']]);
    expect(problems).toEqual([
      '1_other.down.sql: takes back version 1, as does ' + join(folder.path, '1_a.down.sql'),
      '2_gone.down.sql: takes back version 2, which has no file',
      'U4__gone.sql: takes back version 4, which has no file',
    ]);
  });
});

describe('sub-folders', () => {
  test('are migrations in the way of Prisma, and otherwise passed over', async () => {
    for (const name of ['20250101000000_init', '2_archive', 'lib']) {
      await mkdir(join(folder.path, name));
    }
    const { files, problems } = await read({
      '20250101000000_init/migration.sql': 'select 1',
      'migration_lock.toml': 'provider = "postgresql"',
      '2_archive/1_old.sql': 'select 1',
      'lib/2_x.sql': '\\',
    });
    expect(problems).toEqual([]);
    expect(files).toEqual([
      ['20250101000000', 'init', 'sql', join('20250101000000_init', 'migration.sql')],
    ]);
  });

  test('a link to a file is a file', async () => {
    await folder.write({ 'target.txt': 'select 1' });
    await symlink(join(folder.path, 'target.txt'), join(folder.path, '1_link.sql'));
    expect((await read({})).files).toEqual([['1', 'link', 'sql', '1_link.sql']]);
  });

  test('a link to a folder of Prisma is not passed over', async () => {
    await mkdir(join(folder.path, 'lib'));
    await folder.write({ 'lib/migration.sql': 'select 1' });
    await symlink(join(folder.path, 'lib'), join(folder.path, '2_linked'));
    expect((await read({})).files).toEqual([
      ['2', 'linked', 'sql', join('2_linked', 'migration.sql')],
    ]);
  });

  test('a migration.sql that leads nowhere is a problem, and not passed over', async () => {
    await mkdir(join(folder.path, '2_x'));
    await symlink(join(folder.path, 'gone'), join(folder.path, '2_x', 'migration.sql'));
    const { problems } = await read({});
    expect(problems).toEqual([`${join('2_x', 'migration.sql')}: cannot be read (ENOENT)`]);
  });

  test.skipIf(process.platform === 'win32')(
    'a pipe is a problem: reading it would wait for a writer, deaf to signals',
    async () => {
      await mkdir(join(folder.path, '3_x'));
      for (const name of ['1_a.sql', join('3_x', 'migration.sql')]) {
        execFileSync('mkfifo', [join(folder.path, name)]);
      }
      await symlink(join(folder.path, '1_a.sql'), join(folder.path, '2_b.sql'));
      const said = 'is a pipe, a socket or a device, not a file';
      expect(await read({})).toEqual({
        files: [],
        problems: ['1_a.sql', '2_b.sql', join('3_x', 'migration.sql')].map(
          (name) => `${name}: ${said}`,
        ),
      });
    },
  );

  test('a thousand files come in the order of their versions', async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `${(at * 7919) % 1_000}_x.sql`);
    const { files, problems } = await read(Object.fromEntries(names.map((name) => [name, ''])));
    expect(problems).toEqual([]);
    expect(files.map((each) => Number((each as string[])[0]))).toEqual(
      Array.from({ length: 1_000 }, (_, at) => at),
    );
  });
});

describe('modules', () => {
  const api = new URL('../../src/code/define-migration.ts', import.meta.url).href;

  test('become steps, with the hash of their text without white space', async () => {
    const source = (up: string): string =>
      `import { defineMigration } from '${api}';\nexport default defineMigration({ ${up}, down: async () => {} });\n`;
    await folder.write({ '1_a.mjs': source('up: async () => {}') });
    const { files } = await readSources([directory(folder.path)]);
    const [migration] = await parseFiles(files);
    expect(migration).toMatchObject({
      steps: [{ kind: 'code', isTransactional: true }],
      down: { steps: [{ kind: 'code' }] },
    });
    await folder.write({ '1_a.mjs': source('up:async()=>{}') });
    const [again] = await parseFiles((await readSources([directory(folder.path)])).files);
    expect(again?.hash).toBe(migration?.hash);
    expect(again?.rawHash).not.toBe(migration?.rawHash);
    await folder.write({ '1_a.mjs': source('up: async () => { await 1; }') });
    const [edited] = await parseFiles((await readSources([directory(folder.path)])).files);
    expect(edited?.hash).not.toBe(migration?.hash);
  });

  test.each([
    ['a module that throws', 'throw new Error("at import")', 'at import'],
    ['another default export', 'export default 7', 'its default export is no migration'],
    ['no default export', 'export const up = 1', 'its default export is no migration'],
  ])('%s is a problem of the file', async (_, source, message) => {
    await folder.write({ '1_a.mjs': source });
    const { files } = await readSources([directory(folder.path)]);
    await expect(parseFiles(files)).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SOURCE',
      problems: [{ message: `cannot be imported: ${message}` }],
    });
  });
});
