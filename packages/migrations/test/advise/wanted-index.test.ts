import { describe, expect, test } from 'vitest';
import { readPackIndexes, readWantedIndex } from '../../src/advise/wanted-index.ts';

function read(text: string, schema?: string): string {
  const wanted = readWantedIndex(text, schema);
  return typeof wanted === 'string'
    ? wanted
    : `${wanted.target.name}|${wanted.target.table}|${wanted.plainText.replaceAll(/ +/g, ' ')}`;
}

describe('a create index statement', () => {
  test.each([
    ['create index i on t (a)', 'i|t|create index i on t (a)'],
    ['CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);', 'i|t|CREATE UNIQUE INDEX i ON t (a)'],
    ['create index if not exists i on t (a)', 'i|t|create index i on t (a)'],
    [
      'create index concurrently if not exists "I" on only s.t (a) where b',
      'I|s.t|create index "I" on only s.t (a) where b',
    ],
    [
      'create index /* concurrently */ concurrently i on t (a)',
      'i|t|create index /* concurrently */ i on t (a)',
    ],
    ['create index/**/i on t (a)', 'i|t|create index /**/i on t (a)'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('in a schema', () => {
    expect(read('create index i on {{schema}}.t (a)', 'My App')).toBe(
      'i|"My App".t|create index i on "My App".t (a)',
    );
  });

  test.each([
    ['', 'got 0 statements'],
    ['create index i on t (a); drop table t', 'got 2 statements'],
    ['drop table t', 'expected a create index statement, got drop table t'],
    ['create table index (a int)', 'expected a create index statement'],
    ["create index i on t (a) where b = 'x", 'without an end'],
    ['create index on t (a)', 'needs a name'],
    ['create index i on {{schema}}.t (a)', 'no schema was given'],
    ['create index', 'name of the index cannot be read'],
  ])('is refused: %s', (text, expected) => {
    expect(read(text)).toContain(expected);
  });
});

test('from a pack come all its indexes, with what they wait for', async () => {
  const wanted = await readPackIndexes(
    {
      name: 'p',
      schema: 'app',
      migrations: [
        {
          version: '1',
          name: 'one',
          sql: 'create table {{schema}}.t (a int); create index t_a on {{schema}}.t (a);',
        },
        {
          version: '2',
          name: 'two',
          sql: 'create index concurrently t_b on {{schema}}.t (a desc)',
          down: 'create index not_this on {{schema}}.t (a)',
          when: { table: 't', columns: ['a'] },
        },
      ],
    },
    undefined,
  );
  expect(wanted.map(({ target, when }) => [target.name, target.table, when])).toEqual([
    ['t_a', '"app".t', undefined],
    ['t_b', '"app".t', { schema: 'app', table: 't', columns: ['a'] }],
  ]);
});
