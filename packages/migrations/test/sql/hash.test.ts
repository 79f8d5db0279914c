import { describe, expect, test } from 'vitest';
import { hashFile } from '../../src/migration.ts';
import { splitStatements } from '../../src/sql/split.ts';

const hash = (sql: string): string => hashFile(splitStatements(sql));

describe('hashFile', () => {
  const original = "create table t (a int default 'x;y'); -- one\ninsert into t values (1 - -1);";

  test.each([
    "CREATE TABLE T (A INT DEFAULT 'x;y');insert into t values(1 - -1)",
    "/* licence */ create\n\ttable t ( a int\r\n default 'x;y' ) ; ; insert into t values (1- -1);\n\n",
  ])('cosmetic edits do not count: %j', (edited) => {
    expect(hash(edited)).toBe(hash(original));
  });

  test.each([
    original.replace('x;y', 'x; y'),
    original.replace('x;y', 'X;y'),
    original.replace('- -1', '--1\n)'),
    original.replace('int', 'bigint'),
    original.replace('create table t', 'create table "T"'),
    original.replace('values (1', 'values (11'),
    `${original} select 1`,
    original.replace('; -- one', ''),
  ])('other edits do: %j', (edited) => {
    expect(hash(edited)).not.toBe(hash(original));
  });

  test('tokens do not run into one another', () => {
    expect(hash('select a b')).not.toBe(hash('select ab'));
    expect(hash("select 'a' 'b'")).not.toBe(hash("select 'a''b'"));
    expect(hash('select a < = b')).not.toBe(hash('select a <= b'));
    expect(hash('select 1; select 2')).not.toBe(hash('select 1 select 2'));
  });

  test('non-ASCII letters are not folded', () => {
    expect(hash('select Ä')).not.toBe(hash('select ä'));
  });
});
