import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatText } from '../../../src/lint/report/text.ts';
import { finding, HOSTILE, report } from './example.ts';

const other = finding({
  severity: 'warning',
  rule: 'prefer-text-field',
  line: 9,
  column: 1,
  endLine: 11,
  endColumn: 3,
  message: 'varchar',
  why: 'a limit',
  lock: undefined,
  safeRewrite: undefined,
  excerpt: ['create table t (', '\ta varchar(3)', ');'],
});

test('what a person sees', () => {
  const suppressed = [{ finding: other, reason: 'small', line: 2 }];
  const text = formatText(report([finding(), finding({ line: 12 }), other], { suppressed }));
  expect(text).toBe(`\
migrations/2_index.sql:3:3  error require-concurrent-index-creation
  the index "orders_user" is built while writes to "orders" wait
  3 |   create index orders_user on orders (user_id);
    |   ^^^^^^^^^^^^^^^^^^^^^^^^
  why      Writes wait until the index is built.
  lock     SHARE on "orders", until the transaction ends
  instead
      create index concurrently orders_user
        on orders (user_id);

migrations/2_index.sql:12:3  error require-concurrent-index-creation
  the index "orders_user" is built while writes to "orders" wait
  12 |   create index orders_user on orders (user_id);
     |   ^^^^^^^^^^^^^^^^^^^^^^^^
  lock     SHARE on "orders", until the transaction ends
  instead
      create index concurrently orders_user
        on orders (user_id);

migrations/2_index.sql:9:1  warning prefer-text-field
  varchar
   9 | create table t (
     | ^^^^^^^^^^^^^^^^
  10 | \ta varchar(3)
  11 | );
  why      a limit

2 errors, 1 warning, 1 suppressed in 2 files, 9 statements
`);
});

test('nothing found', () => {
  expect(formatText(report([], { fileCount: 1, statementCount: 1 }))).toBe(
    '0 errors, 0 warnings in 1 file, 1 statement\n',
  );
});

test('colours are added, never needed', () => {
  const plain = formatText(report([finding(), other]));
  const coloured = formatText(report([finding(), other]), { colour: true });
  expect(coloured).toContain('\u001B[31m');
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});

describe('the mark', () => {
  const marked = (line: string, column: number, endColumn: number): string[] => {
    const [, , source, mark] = formatText(
      report([finding({ line: 1, endLine: 1, column, endColumn, excerpt: [line] })]),
    ).split('\n');
    return [source, mark].map((each) => each?.slice('  1 | '.length) ?? '');
  };

  test.each([
    ['a tab stays a tab', '\tselect x', 9, 10, '\tselect x', '\t       ^'],
    ['characters, not UTF-16 units or bytes', 'ä𝒳 x', 4, 5, 'ä𝒳 x', '   ^'],
    ['what is wide counts twice', '漢😀 x', 4, 5, '漢😀 x', '     ^'],
    ['what has no width does not count', 'e\u0301 x', 4, 5, 'e\u0301 x', '  ^'],
    ['a place at the end of the line', 'x', 2, 2, 'x', ' ^'],
  ])('%s', (_, line, column, endColumn, source, mark) => {
    expect(marked(line, column, endColumn)).toEqual([source, mark]);
  });

  test('a long line is cut around it', () => {
    const [source = '', mark = ''] = marked(`${'a'.repeat(5000)}x${'b'.repeat(5000)}`, 5001, 5002);
    expect(source).toBe(`…${'a'.repeat(80)}x${'b'.repeat(79)}…`);
    expect(mark.indexOf('^')).toBe(source.indexOf('x'));
    expect(mark.trim()).toBe('^');
  });
});

test('what comes from files is shown, not obeyed', () => {
  const text = formatText(
    report([
      finding({
        file: HOSTILE,
        message: HOSTILE,
        lock: HOSTILE,
        why: HOSTILE,
        safeRewrite: `select 1\n  ::text; ${HOSTILE}`,
        excerpt: [HOSTILE.replaceAll('\n', ' ')],
      }),
    ]),
  );
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
  // A line that begins so is a command to GitHub.
  expect(text).not.toMatch(/^\s*::/m);
  expect(text).toContain('/**/::text');
  expect(text.split('\n').filter((line) => line.includes('a␊::error::b␍␊␛[31mred'))).toHaveLength(
    4,
  );
});
