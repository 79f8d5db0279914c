import { describe, expect, test } from 'vitest';
import { tokenize } from '../../src/sql/lexer.ts';
import { literalValue } from '../../src/sql/literal.ts';

function value(sql: string): string {
  const [token, ...others] = tokenize(sql);
  if (token?.kind !== 'string' || others.length > 0) throw new Error(`not one literal: ${sql}`);
  return literalValue(token);
}

describe('literalValue', () => {
  test.each([
    ["'it''s \\n'", "it's \\n"],
    ["''", ''],
    ["N'a'", 'a'],
    ["$$a'b$$", "a'b"],
    ['$x$ $$ $x$', ' $$ '],
    ["E'it\\'s'", "it's"],
    ["e'a''b'", "a'b"],
    ["E'\\\\''x'", "\\'x"],
    ["E'a\\nb\\tc\\\\d\\qe'", 'a\nb\tc\\dqe'],
    ["E'\\x41\\101\\u00e9\\U0001F600'", 'AAé😀'],
    ["E'a' -- it's\n  '\\'b'\n'c'", "a'bc"],
    ["'open", 'open'],
    ['$x$open', 'open'],
    ["E'open\\", 'open\\'],
  ])('%s', (sql, expected) => {
    expect(value(sql)).toBe(expected);
  });
});
