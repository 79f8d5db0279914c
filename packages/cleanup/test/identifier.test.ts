import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIdentifierPath, quoteIdentifier, quoteIdentifierPath } from '../src/identifier.ts';

const name = fc
  .string({ minLength: 1, maxLength: 15, unit: 'grapheme' })
  .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= 63);

test('every name survives quoting and parsing', () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (parts) => {
      expect(parseIdentifierPath(parts.map(quoteIdentifier).join('.'))).toEqual(parts);
    }),
  );
});

test('bare parts are taken literally, quoted ones may hold dots', () => {
  expect(quoteIdentifierPath('Public.my table')).toBe('"Public"."my table"');
  expect(parseIdentifierPath('"a.b"."say ""hi"""')).toEqual(['a.b', 'say "hi"']);
});

test.each(['', '.', 'a.', '.a', 'a..b', '"a', 'a"b', '"a"b', '""', 'a\0b', 'x'.repeat(64)])(
  'refuses %j',
  (path) => {
    expect(() => parseIdentifierPath(path)).toThrow(/^identifier: expected/);
  },
);
