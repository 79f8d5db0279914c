import { describe, expect, test } from 'vitest';
import type { FileProblem } from '../../src/errors.ts';
import type { Migration } from '../../src/migration.ts';
import { parseMigration } from '../../src/sources/parse-migration.ts';
import type { MigrationFile } from '../../src/sources/source.ts';

const file = (text: string, more: Partial<MigrationFile> = {}): MigrationFile => ({
  pack: '',
  version: '1',
  name: 'a',
  file: '1_a.sql',
  kind: 'sql',
  text,
  rawHash: 'raw',
  down: undefined,
  schema: undefined,
  when: undefined,
  load: undefined,
  ...more,
});

function parse(text: string, more?: Partial<MigrationFile>): Migration {
  const parsed = parseMigration(file(text, more));
  if (!('steps' in parsed)) throw new Error(parsed.message);
  return parsed;
}

function problem(text: string, more?: Partial<MigrationFile>): FileProblem {
  const parsed = parseMigration(file(text, more));
  if ('steps' in parsed) throw new Error('nothing wrong');
  return parsed;
}

const kinds = ({ steps }: Pick<Migration, 'steps'>): string[] =>
  steps.map(({ kind, statements }) => `${kind} ${statements.length}`);

describe('parseMigration', () => {
  const sectioned = '-- migrate:up\nselect 1;\nselect 2;\n-- migrate:down\nselect 3;\nvacuum;\n';

  test('runs the up section, and takes back with the down section', () => {
    const migration = parse(sectioned);
    expect(migration.text).toBe(sectioned);
    expect(kinds(migration)).toEqual(['transaction 2']);
    expect(migration.directives).toEqual({ noTransaction: false, outOfOrder: false });
    expect(migration.down).toMatchObject({ file: '1_a.sql', text: sectioned });
    expect(migration.down && kinds(migration.down)).toEqual(['transaction 1', 'standalone 1']);
    for (const { start, end, text } of [
      ...migration.statements,
      ...(migration.down?.statements ?? []),
    ]) {
      expect(sectioned.slice(start, end)).toBe(text);
    }
  });

  test('the hash is of the up section: markers, options and the down section do not count', () => {
    const { hash } = parse('select 1; select 2');
    expect(parse(sectioned).hash).toBe(hash);
    expect(parse(sectioned.replace('select 3', 'select 4')).hash).toBe(hash);
    expect(parse('-- ops: no-transaction\n-- ops: out-of-order\nselect 1; select 2').hash).toBe(
      hash,
    );
    expect(parse(sectioned.replace('select 2', 'select 4')).hash).not.toBe(hash);
  });

  test('options are kept, and no-transaction makes every statement a step', () => {
    const migration = parse('-- ops: no-transaction\n-- ops: out-of-order\nselect 1; select 2');
    expect(kinds(migration)).toEqual(['transaction 1', 'transaction 1']);
    expect(migration.directives).toEqual({ noTransaction: true, outOfOrder: true });
    const down =
      '-- migrate:up\nselect 1; select 2;\n-- migrate:down transaction:false\nselect 3; select 4';
    expect(kinds(parse(down))).toEqual(['transaction 2']);
    expect(kinds(parse(down).down ?? { steps: [] })).toEqual(['transaction 1', 'transaction 1']);
  });

  test('procedures that commit may be named from outside, for both parts', () => {
    const text = '-- ops: up\nselect 1; call a();\n-- ops: down\ncall s.b(); select 1;';
    const parsed = parseMigration(file(text), new Set(['s.a', 'b']));
    expect('steps' in parsed && kinds(parsed)).toEqual(['transaction 1', 'standalone 1']);
    expect('steps' in parsed && parsed.down && kinds(parsed.down)).toEqual([
      'standalone 1',
      'transaction 1',
    ]);
  });

  test('a pack: the schema is put in, and the hash does not depend on it', () => {
    const text =
      '-- ops: up\ncreate table {{schema}}.t (a int);\n-- ops: down\ndrop table {{schema}}.t;';
    const migration = parse(text, { schema: 'my "s' });
    expect(migration.statements[0]?.text).toBe('create table "my ""s".t (a int)');
    expect(migration.down?.statements[0]?.text).toBe('drop table "my ""s".t');
    expect(migration.hash).toBe(parse(text, { schema: 'x' }).hash);
    const down = { file: 'd', text: 'drop table {{schema}}.t' };
    expect(parse('select 1', { schema: 'x', down }).down?.statements[0]?.text).toBe(
      'drop table "x".t',
    );
  });

  test('a down file has options of its own, and without a statement takes nothing back', () => {
    const down = { file: '1_a.down.sql', text: '-- ops: no-transaction\nselect 1; select 2' };
    const migration = parse('select 3; select 4', { down });
    expect(kinds(migration)).toEqual(['transaction 2']);
    expect(migration.down).toMatchObject({ file: '1_a.down.sql', text: down.text });
    expect(kinds(migration.down ?? { steps: [] })).toEqual(['transaction 1', 'transaction 1']);
    const empty = { file: '1_a.down.sql', text: '-- cannot be taken back\n' };
    expect(parse('select 1', { down: empty }).down).toBeUndefined();
  });

  test.each([
    ['', '1_a.sql:1:1 has no statement'],
    ['-- migrate:up\n-- migrate:down\nselect 1', '1_a.sql:1:1 has no statement in its up section'],
    ['select 1;\n-- ops: nothing', '1_a.sql:2:1 "-- ops: nothing" is not a directive'],
    [
      '-- ops: up\nselect 1;\n-- ops: down\n  begin;',
      '1_a.sql:4:3 a migration file must not begin or end transactions',
    ],
    [
      "-- ops: up\nselect 'é';\n-- ops: down\nselect 'é', \"a",
      '1_a.sql:4:13 the quoted name that begins here has no end',
    ],
    [
      '-- migrate:up\nselect $$;\n-- migrate:down\nselect 1',
      '1_a.sql:2:8 the literal that begins here has no end',
    ],
  ])('%j', (text, expected) => {
    const { file: name, line, column, message } = problem(text);
    expect(`${name}:${line}:${column} ${message}`).toBe(expected);
  });

  test.each([
    ['select 1', '\n\\i x', '2:1 \\i is a psql command, not SQL'],
    ['select 1', '-- ops: x', '1:1 "-- ops: x" is not a directive'],
    ['select 1', '-- migrate:up\nselect 2', '1:1 is a down file with sections of its own'],
    [
      '-- ops: up\nselect 1;\n-- ops: down\nselect 2',
      'select 3',
      '1:1 takes back what the down section of 1_a.sql takes back as well',
    ],
  ])('down file: %j, %j', (text, downText, expected) => {
    const found = problem(text, { down: { file: 'd.sql', text: downText } });
    expect(found.file).toBe('d.sql');
    expect(`${found.line}:${found.column} ${found.message}`).toBe(expected);
  });
});
