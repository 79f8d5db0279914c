import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenize } from '../../src/sql/lexer.ts';
import { splitPieces, splitStatements } from '../../src/sql/split.ts';

const texts = (sql: string): string[] => splitStatements(sql).map(({ text }) => text);

describe('splitStatements', () => {
  const traps: Record<string, readonly [sql: string, expected: readonly string[]]> = {
    plain: ['select 1; select 2', ['select 1', 'select 2']],
    'stray semicolons': [';; select 1;;', ['select 1']],
    'comments around': ['-- a; b\nselect 1 /* ; */; -- c;', ['select 1']],
    'nested comment': [
      'select /* a /* ; */ ; */ 1; select 2',
      ['select /* a /* ; */ ; */ 1', 'select 2'],
    ],
    'comment that ends an operator': [
      'select 1 +--;\n 2; select 3',
      ['select 1 +--;\n 2', 'select 3'],
    ],
    literal: ["select 'a;''b;'; select 2", ["select 'a;''b;'", 'select 2']],
    'backslash in a plain literal': ["select '\\'; select 2", ["select '\\'", 'select 2']],
    'escape literal': ["select E'a\\';b'; select 2", ["select E'a\\';b'", 'select 2']],
    'continued escape literal': [
      "select e'a'\n -- x'\n 'b\\';'; select 2",
      ["select e'a'\n -- x'\n 'b\\';'", 'select 2'],
    ],
    'name that ends in e, then a literal': [
      "select * from tablee where x ='\\'; select 2",
      ["select * from tablee where x ='\\'", 'select 2'],
    ],
    'bit, hex, national and unicode literals': [
      "select b'1', x'1;', n';', U&';\\0041'; select 2",
      ["select b'1', x'1;', n';', U&';\\0041'", 'select 2'],
    ],
    'quoted names': [
      'select 1 as "a;""b;", U&"c;d"; select 2',
      ['select 1 as "a;""b;", U&"c;d"', 'select 2'],
    ],
    'dollar quote': ['select $$;\'";$$; select 2', ['select $$;\'";$$', 'select 2']],
    'dollar quote with a tag': [
      'do $a$ x; $b$ ; $$ ; $a$; select 2',
      ['do $a$ x; $b$ ; $$ ; $a$', 'select 2'],
    ],
    'tag with non-ASCII letters': ['do $ä$ ; $ä$; select 2', ['do $ä$ ; $ä$', 'select 2']],
    'dollars in a name do not quote': [
      'select a$b$ from t; select c$b$',
      ['select a$b$ from t', 'select c$b$'],
    ],
    'parameters do not quote': [
      'prepare p as select $1; select $2$x$;$x$',
      ['prepare p as select $1', 'select $2$x$;$x$'],
    ],
    'rule with two actions': [
      'create rule r as on insert to t do also (delete from a; delete from b); select 2',
      ['create rule r as on insert to t do also (delete from a; delete from b)', 'select 2'],
    ],
    'SQL body': [
      'create function f() returns int begin atomic select 1; select case when true then 2 end; end; select 2',
      [
        'create function f() returns int begin atomic select 1; select case when true then 2 end; end',
        'select 2',
      ],
    ],
    'SQL body with a column called end': [
      'create or replace procedure p() begin atomic select 1 as end; select 2 end; end; select 3',
      [
        'create or replace procedure p() begin atomic select 1 as end; select 2 end; end',
        'select 3',
      ],
    ],
    'empty SQL body': [
      'create function f() returns void begin atomic end; select 2',
      ['create function f() returns void begin atomic end', 'select 2'],
    ],
    'parameter called begin of a type called atomic': [
      "create function f(begin atomic) returns int language sql as 'select 1'; select 2",
      ["create function f(begin atomic) returns int language sql as 'select 1'", 'select 2'],
    ],
    'quoted "begin" "atomic" is no body': [
      'create function f() "begin" "atomic"; select 2',
      ['create function f() "begin" "atomic"', 'select 2'],
    ],
    'too many closing brackets': ['select 1); select 2', ['select 1)', 'select 2']],
    'no semicolon at the end': ['select 1;\nselect 2 -- end', ['select 1', 'select 2']],
    'only comments': ['-- nothing\n/* at all */', []],
    'open literal swallows the rest': ["select 'a; select 2", ["select 'a; select 2"]],
  };
  test.each(Object.entries(traps))('%s', (_name, [sql, expected]) => {
    expect(texts(sql)).toEqual(expected);
  });

  test('offsets point into the text', () => {
    const sql = '/* é */ select 1 ;\n-- x\n select 2;';
    for (const { text, start, end } of splitStatements(sql))
      expect(sql.slice(start, end)).toBe(text);
  });
});

/** Pieces of SQL that matter to a splitter, in any order. */
const fragments = fc.constantFrom(
  "'",
  '"',
  '$$',
  '$a$',
  '$',
  ';',
  '(',
  ')',
  '--',
  '/*',
  '*/',
  '\n',
  '\r',
  ' ',
  '\\',
  "E'",
  "U&'",
  'U&"',
  'begin',
  'atomic',
  'end',
  'create',
  'function',
  'case',
  'as',
  'x',
  'é',
  '😀',
  '1',
  '+',
  '-',
  '.',
  '\0',
);
const soup = fc
  .array(fc.oneof(fragments, fc.string()), { maxLength: 60 })
  .map((parts) => parts.join(''));

describe('properties', () => {
  test('pieces and tokens joined are the text, whatever it is', () => {
    fc.assert(
      fc.property(soup, (sql) => {
        expect(
          splitPieces(sql)
            .map(({ start, end }) => sql.slice(start, end))
            .join(''),
        ).toBe(sql);
        expect(
          tokenize(sql)
            .map(({ text }) => text)
            .join(''),
        ).toBe(sql);
      }),
      { numRuns: 2_000 },
    );
  });

  const safe = fc.string().map((text) => text.replaceAll(/['"\\$*/\0]/g, ''));
  const quoted = fc.oneof(
    safe.map((text) => `'${text};'`),
    safe.map((text) => `E'\\'${text};'`),
    safe.map((text) => `"${text};x"`),
    safe.map((text) => `$q$${text};'$q$`),
    safe.map((text) => `/* ${text}; /* ' */ */ 1`),
    safe.map((text) => `-- ${text.replaceAll(/[\n\r]/g, '')};'\n1`),
    safe.map(() => '(a; b)'),
  );
  const statement = fc
    .array(quoted, { minLength: 1, maxLength: 4 })
    .map((parts) => `select ${parts.join(' , ')}`);

  test('semicolons inside quotes, comments and brackets never split', () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 6 }), (statements) => {
        expect(texts(statements.join(';\n'))).toEqual(statements.map((each) => each.trimEnd()));
      }),
      { numRuns: 500 },
    );
  });

  test('takes time in proportion to the text on input made to be slow', () => {
    for (const evil of [
      "E'a' -- ",
      "E'a'\n",
      "'a' -- '\n",
      "E'\\",
      "''",
      '""',
      'U&"',
      "U&'",
      'E',
      "b'",
      '/*',
      '/**/',
      '*/',
      '--',
      '$a',
      '$a$',
      '$$',
      '$1',
      '$',
      '+-',
      '@-',
      '@',
      '=-',
      '::',
      ':',
      '1.',
      '.',
      '1e',
      '0x',
      '1_',
      '\\',
      '(',
      ')',
      ';',
      '\r',
      '\0',
      'é',
      '\ud83d',
      '\uFEFF ',
      'create function f() begin atomic ',
      'begin atomic ',
      'end ',
      'a.',
    ]) {
      const text = evil.repeat(30_000);
      expect(splitPieces(text).at(-1)?.end).toBe(text.length);
    }
    const tags = Array.from({ length: 50_000 }, (_, at) => `$t${at}$ `).join('');
    for (const evil of [tags, `E'a'${' -- \n'.repeat(50_000)}`]) {
      expect(tokenize(evil).at(-1)?.end).toBe(evil.length);
    }
  }, 20_000);
});
