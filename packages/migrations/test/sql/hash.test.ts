import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashFile } from '../../src/migration.ts';
import { textOf } from '../../src/sources/read-text.ts';
import { type Token, tokenize } from '../../src/sql/lexer.ts';
import { splitStatements } from '../../src/sql/split.ts';
import { script } from './script.ts';

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

  test('literals: prefixes and how parts are set out do not count, escapes and line ends do', () => {
    expect(hash("select e'a\\n'\n  '''b'")).toBe(hash("SELECT E'a\\n' -- x\n\n'\\'b'"));
    expect(hash("select U&'a', B'1', x'aF'")).toBe(hash("select u&'a', b'1', X'aF'"));
    expect(hash('select 1E5, 0XfF, u&"a"')).toBe(hash('select 1e5, 0xff, U&"a"'));
    expect(hash("select E'a\\n'")).not.toBe(hash("select E'a\n'"));
    expect(hash("select E'\\xc3\\xa9'")).not.toBe(hash("select E'Ã©'"));
    expect(hash("select E'a'")).not.toBe(hash("select 'a'"));
    expect(hash('select $a$x$a$')).not.toBe(hash("select 'x'"));
  });

  test('non-ASCII letters are not folded', () => {
    expect(hash('select Ä')).not.toBe(hash('select ä'));
  });
});

/** White space and comments, beginning and ending with white space so that nothing runs together. */
const gap = fc
  .array(
    fc.constantFrom(
      ' ',
      '\n',
      '\t',
      '\r\n',
      '\r',
      '/* ;x /* y */ */',
      "-- it's;\n",
      '-- licence\r',
    ),
    {
      maxLength: 4,
    },
  )
  .map((parts) => ` ${parts.join(' ')} `);

const flip = (text: string, toUpper: boolean): string =>
  text.replaceAll(/[A-Za-z]/g, (letter) => (toUpper ? letter.toUpperCase() : letter.toLowerCase()));

function recase({ kind, text }: Token, toUpper: boolean): string {
  if (kind === 'word' || kind === 'number') return flip(text, toUpper);
  if (kind !== 'string' && kind !== 'quoted') return text;
  return text.replace(/^[A-Za-z]+&?(?=['"])/, (prefix) => flip(prefix, toUpper));
}

describe('generated edits', () => {
  test('cosmetic ones do not change the hash', () => {
    fc.assert(
      fc.property(
        script,
        fc.array(gap, { minLength: 10, maxLength: 10 }),
        fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
        fc.boolean(),
        (sql, gaps, cases, hasMark) => {
          const edited = tokenize(sql).map((token, at) =>
            token.kind === 'space' || token.kind === 'comment'
              ? gaps[at % gaps.length]
              : recase(token, cases[at % cases.length] === true),
          );
          const bytes = Buffer.from(`${hasMark ? '\uFEFF' : ''}${edited.join('')};;\n`);
          // As a file is read, which drops a byte order mark and makes line ends the same.
          const before = textOf(Buffer.from(sql)).text;
          expect(hash(textOf(bytes).text)).toBe(hash(before));
        },
      ),
      { numRuns: 100 },
    );
  });

  /** The same statements with single spaces; the change is made to the list of tokens. */
  const render = (tokens: readonly string[]): string => tokens.join(' ');
  const tokensOf = (sql: string): string[] =>
    splitStatements(sql).flatMap(({ tokens }) => [...tokens.map(({ text }) => text), ';']);

  const edits: Readonly<Record<string, (tokens: string[], at: number) => string[]>> = {
    'a token removed': (tokens, at) => tokens.toSpliced(at, 1),
    'a token put in': (tokens, at) => tokens.toSpliced(at, 0, 'surplus'),
    'a statement put in': (tokens, at) => tokens.toSpliced(tokens.indexOf(';', at), 0, ';', 'a'),
    'a character put into a token': (tokens, at) => {
      const text = tokens[at] ?? '';
      const middle = /^['"$]|^[EeNnUu]&?['"]/.test(text) ? text.search(/['"$]/) + 1 : text.length;
      const closing = text.startsWith('$') ? text.indexOf('$', 1) + 1 : middle;
      return tokens.with(at, `${text.slice(0, closing)}9${text.slice(closing)}`);
    },
    'two tokens swapped': (tokens, at) => {
      const other = tokens.findIndex(
        (text, each) =>
          each > at && text !== ';' && text.toLowerCase() !== tokens[at]?.toLowerCase(),
      );
      return other === -1 ? tokens.slice(1) : swap(tokens, at, other);
    },
  };

  test.each(Object.entries(edits))('%s changes the hash', (_name, edit) => {
    fc.assert(
      fc.property(script, fc.nat(), (sql, place) => {
        const tokens = tokensOf(sql);
        expect(hash(render(tokens))).toBe(hash(sql));
        const candidates = tokens.flatMap((text, at) => (text === ';' ? [] : [at]));
        const at = candidates[place % candidates.length] ?? 0;
        expect(hash(render(edit(tokens, at)))).not.toBe(hash(sql));
      }),
      { numRuns: 60 },
    );
  });

  test('upper case in a literal or quoted name changes the hash', () => {
    fc.assert(
      fc.property(script, (sql) => {
        const tokens = tokenize(sql);
        const at = tokens.findIndex(
          ({ kind, text }) => /^(?:string|quoted)$/.test(kind) && /^['"].*[a-z]/s.test(text),
        );
        fc.pre(at !== -1);
        const texts = tokens.map(({ text }) => text);
        const edited = texts.with(at, texts[at]?.toUpperCase() ?? '');
        expect(hash(edited.join(''))).not.toBe(hash(sql));
      }),
      { numRuns: 60 },
    );
  });
});

function swap(tokens: readonly string[], a: number, b: number): string[] {
  return tokens.with(a, tokens[b] ?? '').with(b, tokens[a] ?? '');
}
