import { pathToFileURL } from 'node:url';
import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { directory } from '../../src/sources/directory.ts';
import { readSources } from '../../src/sources/load.ts';
import { definePack, type Pack, pack } from '../../src/sources/pack.ts';
import { parseFiles } from '../../src/sources/parse-files.ts';
import { useFolder } from '../folder.ts';

const folder = useFolder();

const tables: Pack = {
  name: 'tables',
  schema: 'app',
  migrations: [
    { version: '002', name: 'index', sql: 'create index concurrently i on {{schema}}.t (a)' },
    {
      version: '1',
      name: 'table',
      sql: 'create table {{schema}}.t (a int)',
      down: 'drop table {{schema}}.t',
    },
  ],
};

describe('pack', () => {
  test('gives migrations in order, with the schema quoted in its place', async () => {
    const { files } = await readSources([pack(tables, { schema: 'Other one' })]);
    const migrations = await parseFiles(files);
    expect(
      migrations.map(({ text, down, ...ref }) => [ref.pack, ref.version, text, down?.text]),
    ).toEqual([
      ['tables', '1', 'create table "Other one".t (a int)', 'drop table "Other one".t'],
      ['tables', '2', 'create index concurrently i on "Other one".t (a)', undefined],
    ]);
    expect(migrations[1]?.steps).toMatchObject([
      { kind: 'index', target: { table: '"Other one".t' } },
    ]);
  });

  test('has the same hashes in every schema', async () => {
    const hashes = async (schema: string | undefined): Promise<unknown[]> => {
      const { files } = await readSources([pack(tables, { schema })]);
      return (await parseFiles(files)).map(({ hash, rawHash }) => [hash, rawHash]);
    };
    expect(await hashes('other')).toEqual(await hashes(undefined));
  });

  test('CRLF is read as LF in both directions', async () => {
    const one = { version: '1', name: 'a', sql: "select 'a\r\nb'", down: "select 'c\r\nd'" };
    const { files } = await readSources([pack({ name: 'p', migrations: [one] })]);
    expect(files).toMatchObject([{ text: "select 'a\nb'", down: { text: "select 'c\nd'" } }]);
  });

  test('reads a folder, with down files and {{schema}}', async () => {
    await folder.write({
      '1_a.sql': 'create table {{schema}}.t (a int)',
      '1_a.down.sql': 'drop table {{schema}}.t',
    });
    const migrations = pathToFileURL(folder.path);
    const { files } = await readSources([pack({ name: 'f', migrations }, { schema: 's' })]);
    expect(await parseFiles(files)).toMatchObject([
      {
        pack: 'f',
        version: '1',
        text: 'create table "s".t (a int)',
        down: { text: 'drop table "s".t' },
      },
    ]);
  });

  test('without a schema means public', async () => {
    const migrations = [{ version: '1', name: 'a', sql: 'select {{schema}}.f()' }];
    const { files } = await readSources([pack({ name: 'p', migrations })]);
    expect((await parseFiles(files))[0]?.text).toBe('select "public".f()');
  });

  test('comes in the order of the sources, all directories at the place of the first', async () => {
    await folder.write({ '1_a.sql': 'select 1', '5_b.sql': 'select 1' });
    const one = { version: '9', name: 'x', sql: 'select 1' };
    const { files } = await readSources([
      pack({ name: 'z', migrations: [one] }),
      directory(folder.path),
      pack({ name: 'a', migrations: [one] }),
    ]);
    expect(files.map((file) => file.pack + file.version)).toEqual(['z9', '1', '5', 'a9']);
  });
});

function faultsOf(define: () => unknown): string {
  try {
    define();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.message;
    throw error;
  }
  return '';
}

describe('definePack', () => {
  test('gives back what it was given', () => {
    expect(definePack(tables)).toBe(tables);
  });

  test('names everything that is wrong, and shows no text', () => {
    const wrong = {
      name: 'no spaces',
      schema: "o'ps",
      migrations: [
        { version: 'one', name: 7, sql: undefined },
        {
          version: '1',
          name: 'a',
          sql: 'select secret',
          down: 3,
          when: { table: 't', columns: [1] },
        },
        { version: '01.0', name: 'b', sql: 'select secret' },
        null,
      ],
    };
    const message = faultsOf(() => definePack(wrong as unknown as Pack));
    expect(message.split('; ')).toEqual([
      'definePack: name: expected 1 to 100 letters, digits, _, -, ., / and @',
      'schema: expected a schema name of 1 to 63 bytes without quotes, backslash, $, * and control characters',
      'migrations[0].version: expected digits in a string',
      'migrations[0].name: expected a string without NUL',
      'migrations[0].sql: expected a string',
      'migrations[1].down: expected a string',
      'migrations[1].when: expected { table: string, columns?: string[] }',
      'migrations[3]: expected { version, name, sql }',
      'migrations: the version 1 is there twice',
    ]);
  });

  test.each([
    ['nothing', undefined],
    ['no migrations', { name: 'p', migrations: [] }],
    ['an address that is no file', { name: 'p', migrations: new URL('https://h/') }],
  ])('refuses %s', (_, wrong) => {
    expect(() => definePack(wrong as unknown as Pack)).toThrow(InvalidOptionsError);
  });

  test('a misspelt key is not taken for one that is left out', () => {
    const one = { version: '1', name: 'a', sql: 'select 1' };
    const wrong = {
      name: 'p',
      schma: 'app',
      migrations: [
        { ...one, dwon: 'select 2' },
        { ...one, version: '2', when: { table: 't', column: 'a' } },
      ],
    };
    expect(faultsOf(() => definePack(wrong as unknown as Pack)).split('; ')).toEqual([
      'definePack: schma: no such key (there are name, schema, migrations, queries)',
      'migrations[0].dwon: no such key (there are version, name, sql, down, when)',
      'migrations[1].when: expected { table: string, columns?: string[] }',
    ]);
    expect(faultsOf(() => pack(tables, { shema: 'app' } as object))).toBe(
      'pack tables: shema: no such option (there are schema)',
    );
  });

  test.each(['a\nb', 'a*/b', 'a\0b'])(
    'a schema that could end a comment is refused: %j',
    (schema) => {
      expect(() => pack(tables, { schema })).toThrow('pack tables: schema: expected');
    },
  );

  test('a schema that could end a literal is refused by pack, too', () => {
    expect(() => pack(tables, { schema: "a'b" })).toThrow('pack tables: schema: expected');
    expect(() => pack(tables, { schema: '' })).toThrow(InvalidOptionsError);
  });
});
