import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../src/errors.ts';
import { directory } from '../../src/sources/directory.ts';
import { loadSources, readSources } from '../../src/sources/load.ts';
import { parseFiles } from '../../src/sources/parse-files.ts';
import { useFolder } from '../folder.ts';

const folder = useFolder();

async function problemsOf(files: Record<string, string | Uint8Array>): Promise<string[]> {
  await folder.write(files);
  try {
    await parseFiles(await loadSources([directory(folder.path)]));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.problems.map(({ file, line, column, message }) => {
      const name = file.slice(folder.path.length + 1);
      return line === undefined ? `${name}: ${message}` : `${name}:${line}:${column}: ${message}`;
    });
  }
  return [];
}

describe('loadSources', () => {
  test('orders by the number, not by the text, over all sources', async () => {
    await mkdir(join(folder.path, 'other'));
    await folder.write({
      '10_b.sql': 'select 1',
      '9_z.sql': 'select 1',
      '00100_a.sql': 'select 1',
      'other/11_c.sql': 'select 1',
      'README.md': '-',
      '.hidden.sql': 'nonsense \\',
      '20250201000000000000000000000000_huge.sql': 'select 1',
    });
    const sources = [directory(folder.path), directory(pathToFileURL(join(folder.path, 'other')))];
    const migrations = await loadSources(sources);
    expect(migrations.map(({ version, name }) => `${version} ${name}`)).toEqual([
      '9 z',
      '10 b',
      '11 c',
      '100 a',
      '20250201000000000000000000000000 huge',
    ]);
  });

  test('cuts a file into steps', async () => {
    await folder.write({
      '1_a.sql': `
        create table t (a int); create index on t (a);
        create index concurrently i on t (a);
        vacuum t; select 1; select 2;`,
    });
    const [migration] = await parseFiles(await loadSources([directory(folder.path)]));
    expect(migration?.steps.map(({ kind, statements }) => [kind, statements.length])).toEqual([
      ['transaction', 2],
      ['index', 1],
      ['standalone', 1],
      ['transaction', 2],
    ]);
  });

  test('a byte order mark and CRLF make no difference', async () => {
    await folder.write({
      '1_a.sql': "-- x\nselect 'a\nb';\nselect 2;\n",
      '2_b.sql': "\uFEFF-- x\r\nselect 'a\r\nb';\r\nselect 2;\r\n",
    });
    const [unix, windows] = await parseFiles(await loadSources([directory(folder.path)]));
    expect(windows?.hash).toBe(unix?.hash);
    expect(windows?.statements[1]?.text).toBe('select 2');
  });

  test('all names that are wrong come in one error, before anything is parsed', async () => {
    const problems = await problemsOf({
      '01_a.sql': 'select 1',
      '1_b.sql': 'select 1',
      '2025-11-05_c.sql': 'select 1',
      'd.sql': 'select 1',
      '2_E.SQL': 'select 1',
      '3_x.down.sql': 'drop table t',
      '4_undo.undo.sql': 'drop table t',
      '5-x.mts.sql': "select 'unfinished",
      '6_utf16.sql': Buffer.from('\uFEFFselect 1', 'utf16le'),
      '7_latin.sql': Buffer.from('select 1;\n-- \xe9t\xe9', 'latin1'),
      'R__view.sql': 'select 1',
      '2025-11-05_code.ts': '',
      'helper.ts': 'passed over',
      '7_types.d.ts': 'passed over',
      '8_code.test.ts': 'passed over',
      '9_notes.md': 'passed over',
    });
    expect(problems).toEqual([
      '2025-11-05_c.sql: the name does not say its version, so the file would be ignored',
      '2025-11-05_code.ts: the name does not say its version, so the file would be ignored',
      '2_E.SQL: the ending is not .sql in lower case, so the file would be ignored',
      '4_undo.undo.sql: the name does not say whether it is to be run, so the file would be ignored',
      'R__view.sql: the name does not say its version, so the file would be ignored',
      'd.sql: the name does not say its version, so the file would be ignored',
      '6_utf16.sql: is UTF-16 text (little-endian), not UTF-8',
      '7_latin.sql:2:4: is not UTF-8 text: the byte 0xe9 stands where a character should',
      '3_x.down.sql: takes back version 3, which has no file',
      expect.stringMatching(/^1_b\.sql: has the version 1, as has .*01_a\.sql$/),
    ]);
  });

  test('all texts that are wrong come in one error', async () => {
    const problems = await problemsOf({
      '4_empty.sql': '-- nothing\n;',
      '5_nul.sql': 'select 1;\n  select \0',
      '7_meta.sql': "select 'a\\b';\n\\echo it's\nselect 2",
      '8_copy.sql': "copy t from stdin;\n1\tit's\n\\.\n",
      '9_open.sql': "select 1;\n select 'a",
      '10_comment.sql': 'select 1; /* a',
      '11_begin.sql': 'select 1;\nbegin;\nselect 2;\ncommit;',
      '12_noname.sql': 'create index concurrently on t (a)',
    });
    expect(problems).toEqual([
      '4_empty.sql:1:1: has no statement',
      '5_nul.sql:2:10: has a NUL byte, which PostgreSQL cannot take',
      '7_meta.sql:2:1: \\echo is a psql command, not SQL',
      '8_copy.sql:1:1: COPY … FROM stdin needs psql, which sends the data that follows',
      '9_open.sql:2:9: the literal that begins here has no end',
      '10_comment.sql:1:11: the comment that begins here has no end',
      '11_begin.sql:2:1: a migration file must not begin or end transactions',
      '12_noname.sql:1:1: a concurrent index needs a name, so that an interrupted build can be found again',
    ]);
  });

  test('a folder that is not there is a problem, as is a file instead of one', async () => {
    await folder.write({ '1_a.sql': 'select 1' });
    const gone = directory(join(folder.path, 'gone'));
    const file = directory(join(folder.path, '1_a.sql'));
    await expect(loadSources([gone, file])).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SOURCE',
      problems: [
        { message: 'there is no such folder', hint: expect.stringContaining(process.cwd()) },
        { message: 'cannot be read as a folder (ENOTDIR)' },
      ],
    });
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be read is a problem', async () => {
    await folder.write({ '1_a.sql': 'select 1' });
    await chmod(join(folder.path, '1_a.sql'), 0);
    expect(await problemsOf({})).toEqual(['1_a.sql: cannot be read (EACCES)']);
  });

  test('a folder that is given twice is said to be, instead of two files of one version', async () => {
    await folder.write({ '1_a.sql': 'select 1' });
    const { problems } = await readSources([directory(folder.path), directory(folder.path)]);
    expect(problems).toMatchObject([{ message: 'is read twice' }]);
  });
});
