import * as fc from 'fast-check';
import { loadModule, parseSync } from 'libpg-query';
import { beforeAll, describe, expect, test } from 'vitest';
import { splitPieces } from '../../src/sql/split.ts';
import { CORPUS } from './corpus.ts';
import { script } from './script.ts';

beforeAll(() => loadModule());

/** UTF-16 offsets of a statement; `end` is its semicolon or the end of the text. */
interface Boundary {
  readonly start: number;
  readonly end: number;
}

/** Where PostgreSQL's parser sees statements. Undefined when it does not accept the text. */
function parsed(sql: string): Boundary[] | undefined {
  let stmts: readonly { stmt_location?: number; stmt_len?: number }[];
  try {
    stmts = parseSync(sql).stmts ?? [];
  } catch (error) {
    if (error instanceof Error && error.name === 'SqlError') return undefined;
    throw error;
  }
  const bytes = Buffer.from(sql);
  // PostgreSQL counts in bytes of UTF-8.
  const offset = (byte: number): number => bytes.toString('utf8', 0, byte).length;
  return stmts.map(({ stmt_location: start = 0, stmt_len: length = 0 }) => ({
    start: offset(start),
    end: length === 0 ? sql.length : offset(start + length),
  }));
}

/** Holds our boundaries against PostgreSQL's. Returns how many statements there were. */
function compare(sql: string, expected: readonly Boundary[]): number {
  const pieces = splitPieces(sql).filter(({ tokens }) => tokens.length > 0);
  const ends = pieces.map(({ end }) => (sql[end - 1] === ';' ? end - 1 : end));
  expect(ends).toEqual(expected.map(({ end }) => end));
  for (const [at, { start }] of expected.entries()) {
    // PostgreSQL's begin may lie before or behind white space and comments.
    const piece = pieces[at];
    expect(start).toBeGreaterThanOrEqual(piece?.start ?? Number.NaN);
    expect(start).toBeLessThanOrEqual(piece?.tokens[0]?.start ?? Number.NaN);
  }
  return expected.length;
}

describe('the splitter agrees with the parser of PostgreSQL 18', () => {
  test.each(Object.entries(CORPUS))('%s', (_name, sql) => {
    const expected = parsed(sql);
    // Otherwise it would compare nothing.
    expect(expected).toBeDefined();
    expect(compare(sql, expected ?? [])).toBeGreaterThan(0);
  });

  test('on the whole corpus as one text, behind characters of several bytes', () => {
    const sql = `select 'é😀日';\n${Object.values(CORPUS).join('\n;\n')}`;
    const expected = parsed(sql);
    expect(compare(sql, expected ?? [])).toBeGreaterThan(200);
  });

  test('on generated scripts', () => {
    let statements = 0;
    let refused = 0;
    let length = 0;
    fc.assert(
      fc.property(script, (sql) => {
        length += sql.length;
        const expected = parsed(sql);
        if (expected === undefined) refused += 1;
        else statements += compare(sql, expected);
      }),
      { numRuns: 150 },
    );
    expect(refused).toBe(0);
    expect(length / 150).toBeGreaterThan(2_000);
    expect(statements).toBeGreaterThan(150 * 10);
  });

  test('on scripts with something cut out or put in, where it still accepts them', () => {
    const scrap = fc.constantFrom(
      "'",
      '"',
      '$$',
      '$a$',
      ';',
      '(',
      ')',
      '--',
      '/*',
      '*/',
      '\n',
      '\\',
      ' ',
      'E',
      'U&',
      '$',
      'begin',
      'atomic',
      ' end ',
      'case',
      '+',
      '@',
      '1',
      '.',
      'é',
      '',
    );
    const damaged = fc
      .tuple(script, fc.nat(), fc.nat({ max: 20 }), scrap)
      .map(([sql, place, length, put]) => {
        const at = place % (sql.length + 1);
        return sql.slice(0, at) + put + sql.slice(at + (put === '' ? length : 0));
      })
      // Half a surrogate pair is in no file, and bytes are counted otherwise on either side.
      .filter((sql) => sql.isWellFormed());
    let accepted = 0;
    fc.assert(
      fc.property(damaged, (sql) => {
        const expected = parsed(sql);
        if (expected === undefined) return;
        accepted += 1;
        compare(sql, expected);
      }),
      { numRuns: 400 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});
