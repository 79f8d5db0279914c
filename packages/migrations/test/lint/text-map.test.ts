import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTextMap } from '../../src/lint/text-map.ts';
import { positionOf } from '../../src/sql/position.ts';

const texts = fc.string({
  unit: fc.constantFrom('a', ' ', '\n', 'é', '⚡', '😀', "'", '\t'),
  maxLength: 60,
});

it('agrees with counting from the start, at every character of any text', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const map = createTextMap(text);
      let [offset, character] = [0, 0];
      for (const each of text) {
        const byte = Buffer.byteLength(text.slice(0, offset));
        expect(map.fromByte(byte)).toBe(offset);
        expect(map.fromCharacter(character)).toBe(offset);
        expect(map.positionOf(offset)).toEqual(positionOf(text, offset));
        offset += each.length;
        character += 1;
      }
      expect(map.fromByte(Buffer.byteLength(text))).toBe(text.length);
      expect(map.positionOf(text.length)).toEqual(positionOf(text, text.length));
    }),
  );
});

it('gives lines without their ends, and no more than there are', () => {
  const map = createTextMap('a\nbé\n\nc');
  expect(map.lines(2, 3, 3)).toEqual(['bé', '']);
  expect(map.lines(1, 9, 2)).toEqual(['a', 'bé']);
  expect(map.lines(4, 9, 3)).toEqual(['c']);
});

it('keeps a place beyond the text at its end', () => {
  for (const text of ['abc', 'äbc']) {
    expect(createTextMap(text).fromByte(99)).toBe(3);
    expect(createTextMap(text).fromCharacter(99)).toBe(3);
  }
});
