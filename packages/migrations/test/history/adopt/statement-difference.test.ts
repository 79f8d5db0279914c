import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDifference } from '../../../src/history/adopt/statement-difference.ts';

const text = `-- plans
create table plans (id int, name text);
insert into plans values (1, 'a; b');
create function f() returns int language sql begin atomic select 1; select 2; end;
`;

describe('firstDifference', () => {
  test.each([
    [
      'split as we do',
      [
        'create table plans (id int, name text)',
        "insert into plans values (1, 'a; b')",
        'create function f() returns int language sql begin atomic select 1; select 2; end',
      ],
    ],
    ['in one piece', [text]],
    [
      'split inside a body',
      [
        'CREATE TABLE plans (id int, name text)',
        "insert into plans values (1, 'a; b')",
        'create function f() returns int language sql begin atomic select 1',
        'select 2',
        'end -- last',
      ],
    ],
    ['with Windows line ends', [text.replaceAll('\n', '\r\n')]],
  ])('finds none when it was %s', (_, statements) => {
    expect(firstDifference(statements.join(';\n'), { text })).toBeUndefined();
  });

  test('a line end inside a literal does not depend on the checkout', () => {
    expect(firstDifference("select 'a\r\nb'", { text: "select 'a\nb'" })).toBeUndefined();
  });

  test.each([
    [
      'a literal',
      text.replace("'a; b'", "'a;  b'"),
      "says 'a; b', where 'a;  b' was applied",
      "'a; b'",
    ],
    [
      'a word',
      text.replace('name text', 'name varchar'),
      'says text, where varchar was applied',
      'text)',
    ],
    [
      'a quoted name',
      text.replace('plans values', '"Plans" values'),
      'says plans, where "Plans" was applied',
      'plans values',
    ],
    [
      'more in the file',
      'create table plans (id int, name text)',
      'says insert, where what was applied has ended',
      'insert',
    ],
  ])('finds %s', (_, applied, message, at) => {
    expect(firstDifference(applied, { text })).toEqual({ message, offset: text.indexOf(at) });
  });

  test('less in the file', () => {
    expect(firstDifference(`${text}select 1`, { text })).toEqual({
      message: 'ends, where select was applied',
      offset: text.length,
    });
  });

  test('a long literal is cut in the message', () => {
    const long = `'${'x'.repeat(500)}\n'`;
    const { message = '' } = firstDifference(`select ${long}`, { text: 'select 1' }) ?? {};
    expect(message).toBe(`says 1, where '${'x'.repeat(59)}… was applied`);
  });

  test('any text equals itself, whatever is put between the statements', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (sql) => {
        const once = sql.replaceAll('\r\n', '\n');
        expect(firstDifference(sql, { text: once })).toBeUndefined();
      }),
    );
  });
});
