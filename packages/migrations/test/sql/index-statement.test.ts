import { describe, expect, test } from 'vitest';
import { readIndexTarget } from '../../src/sql/index-statement.ts';
import { type Statement, splitStatements } from '../../src/sql/split.ts';

const read = (sql: string): ReturnType<typeof readIndexTarget> =>
  readIndexTarget(splitStatements(sql)[0] as Statement);

describe('readIndexTarget', () => {
  test('reads names and makes both texts', () => {
    const sql =
      'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Idx ON ONLY a."T x" (b DESC) WHERE c';
    const target = read(sql);
    expect(target).toEqual({
      name: 'idx',
      table: 'a."T x"',
      isUnique: true,
      buildText:
        'CREATE UNIQUE INDEX CONCURRENTLY               Idx ON ONLY a."T x" (b DESC) WHERE c',
      cloneText:
        'CREATE UNIQUE INDEX                            Idx ON ONLY pg_temp."T x" (b DESC) WHERE c',
    });
  });

  test('quoted names lose their quotes, and a comment in between does no harm', () => {
    expect(read('create index concurrently "A""b" /* on x */ on t(a)')).toMatchObject({
      name: 'A"b',
      table: 't',
      cloneText: 'create index              "A""b" /* on x */ on pg_temp."t"(a)',
    });
    expect(read('create index concurrently i on db.s.t(a)')).toMatchObject({ table: 'db.s.t' });
  });

  test.each([
    ['create index concurrently on t (a)', /needs a name/],
    ['create index concurrently U&"x" on t (a)', /cannot be read/],
    ['create index concurrently i t (a)', /"on" is missing/],
    ['create index concurrently i on (a)', /name of the table/],
    ['create index concurrently', /cannot be read/],
  ])('%s', (sql, reason) => {
    expect(read(sql)).toMatch(reason);
  });
});
