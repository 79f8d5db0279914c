import { describe, expect, test } from 'vitest';
import { excerptAt, offsetOfCharacter, positionOf } from '../../src/sql/position.ts';

describe('positions', () => {
  test('count characters, not bytes and not UTF-16 units', () => {
    const text = "select 1;\nselect '😀é', x";
    expect(positionOf(text, text.indexOf('x'))).toEqual({ line: 2, column: 14 });
    expect(offsetOfCharacter("'😀é', x", 7)).toBe("'😀é', x".indexOf('x'));
    expect(offsetOfCharacter('ab', 99)).toBe(2);
  });

  test.each(['\n', '\r\n', '\r'])('a line ends with %j', (end) => {
    const text = ['a', 'bc', '', 'd'].join(end);
    expect(positionOf(text, text.indexOf('d'))).toEqual({ line: 4, column: 1 });
    expect(positionOf(text, text.indexOf('c'))).toEqual({ line: 2, column: 2 });
    expect(excerptAt(text, text.indexOf('c'))).toBe('  2 | bc\n    |  ^');
    expect(excerptAt(`${end}a`, 0)).toBe('  1 | \n    | ^');
  });

  test('nothing in the excerpt moves the cursor of a terminal', () => {
    expect(excerptAt("select '\u001b[2J\u0007\u009b' x", 13)).toBe(
      "  1 | select ' [2J  ' x\n    |              ^",
    );
  });

  test('a cut does not split a character', () => {
    const row = '😀'.repeat(60);
    const [line, caret] = excerptAt(`${row}a${row.slice(2)}b${row}`, row.length + 1).split('\n');
    expect(line?.isWellFormed()).toBe(true);
    expect(line).toMatch(/^ {2}1 \| 😀+a😀+/u);
    expect(Array.from(caret ?? '').indexOf('^')).toBe(Array.from(line ?? '').indexOf('a') + 1);
  });

  test('the caret stands under the place', () => {
    expect(excerptAt('a\n\tselect nope;\nb', 10)).toBe('  2 | \tselect nope;\n    | \t       ^');
    expect(excerptAt("'😀' x", 5)).toBe("  1 | '😀' x\n    |     ^");
  });

  test('a long line is cut to its surroundings', () => {
    const [line, caret] = excerptAt(`${'a'.repeat(500)}X${'b'.repeat(500)}`, 500).split('\n');
    expect(line?.length).toBeLessThan(160);
    expect(line?.indexOf('X')).toBe(caret?.indexOf('^'));
  });
});
