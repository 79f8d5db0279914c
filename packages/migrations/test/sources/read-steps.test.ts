import { describe, expect, test } from 'vitest';
import { readSteps } from '../../src/sources/read-steps.ts';
import { positionOf } from '../../src/sql/position.ts';

function kinds(text: string, noTransaction = false, committing?: ReadonlySet<string>): string[] {
  const found = readSteps(text, { noTransaction, committing });
  if ('offset' in found) throw new Error(found.message);
  return found.steps.map(({ kind, statements }) => `${kind} ${statements.length}`);
}

function trouble(text: string): string {
  const found = readSteps(text, { noTransaction: false, committing: undefined });
  if (!('offset' in found)) throw new Error('nothing wrong');
  const { line, column } = positionOf(text, found.offset);
  return `${line}:${column} ${found.message}`;
}

describe('readSteps', () => {
  const mixed =
    'create table t (a int); select 1; vacuum t; create index concurrently i on t (a); set a.b = 1; select 2';

  test('joins what can share a transaction', () => {
    expect(kinds(mixed)).toEqual(['transaction 2', 'standalone 1', 'index 1', 'transaction 2']);
  });

  test('without transactions, every statement is a step with its own kind', () => {
    expect(kinds(mixed, true)).toEqual([
      'transaction 1',
      'transaction 1',
      'standalone 1',
      'index 1',
      'transaction 1',
      'transaction 1',
    ]);
  });

  test('calls of procedures that commit run alone, whether the text or the database has them', () => {
    const define = 'create procedure p() language plpgsql as $$ begin commit; end $$;';
    expect(kinds(`${define} select 1; call p(); select 2`)).toEqual([
      'transaction 2',
      'standalone 1',
      'transaction 1',
    ]);
    expect(kinds('select 1; call p(); do $$ begin call p(); end $$')).toEqual(['transaction 3']);
    const committing = new Set(['public.p']);
    expect(kinds('select 1; call p(); do $$ begin call p(); end $$', false, committing)).toEqual([
      'transaction 1',
      'standalone 1',
      'standalone 1',
    ]);
  });

  test('an empty text has no steps', () => {
    expect(kinds('-- nothing\n;')).toEqual([]);
  });

  test.each([
    ['select 1;\n select \0', '2:9 has a NUL byte, which PostgreSQL cannot take'],
    ['s\0e\0l\0e\0c\0t\0', '1:2 has a NUL byte, which PostgreSQL cannot take'],
    ["select 'é\ud83d'", '1:10 has half of a surrogate pair, which is no character'],
    ["select '\ude00'", '1:9 has half of a surrogate pair, which is no character'],
    [
      'select 1;\n\uFEFFselect 2',
      '2:1 has a byte order mark in the middle, which PostgreSQL takes for a letter',
    ],
    ["select 1;\n  select 'a", '2:10 the literal that begins here has no end'],
    ['select 1; do $a$ begin', '1:14 the literal that begins here has no end'],
    ['select "a', '1:8 the quoted name that begins here has no end'],
    ['select 1 /* /* */', '1:10 the comment that begins here has no end'],
    ['select 1 \\gset\nselect 2', '1:10 \\gset is a psql command, not SQL'],
    ["\\restrict Ab'c\nselect 1", '1:1 \\restrict is a psql command, not SQL'],
    ['select 1;\n\\i other.sql\n', '2:1 \\i is a psql command, not SQL'],
    ['select 1;\n\\.\n', '2:1 \\. is a psql command, not SQL'],
    [
      "copy t from stdin;\n1\tit's $$\n\\.\nselect 1;",
      '1:1 COPY … FROM stdin needs psql, which sends the data that follows',
    ],
    ['select 1;\nbegin;', '2:1 a migration file must not begin or end transactions'],
    [
      'create index concurrently on t (a)',
      '1:1 a concurrent index needs a name, so that an interrupted build can be found again',
    ],
  ])('%j', (text, expected) => {
    expect(trouble(text)).toBe(expected);
  });

  test('a text of ten megabytes', () => {
    const row = `insert into t values (1, 'it''s; ${'a row '.repeat(200)}', $$;$$); -- one\n`;
    const count = Math.ceil(10_000_000 / row.length);
    expect(kinds(row.repeat(count))).toEqual([`transaction ${count}`]);
    expect(kinds(`insert into t values ${"(1, 'it''s'),".repeat(50_000)} (2, '')`)).toEqual([
      'transaction 1',
    ]);
  });
});
