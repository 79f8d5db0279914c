import { describe, expect, test } from 'vitest';
import { excerptAt, offsetOfCharacter, positionOf } from '../../src/sql/position.ts';

describe('positions', () => {
  test('count characters, not bytes and not UTF-16 units', () => {
    const text = "select 1;\nselect '😀é', x";
    expect(positionOf(text, text.indexOf('x'))).toEqual({ line: 2, column: 14 });
    expect(offsetOfCharacter("'😀é', x", 7)).toBe("'😀é', x".indexOf('x'));
    expect(offsetOfCharacter('ab', 99)).toBe(2);
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
