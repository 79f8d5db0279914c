import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainJson, quoted, valueTooLarge } from '../src/plain-json.ts';

it('is the very text that JSON.stringify gives', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(plainJson(value)).toBe(JSON.stringify(value));
    }),
  );
});

it('has no JSON for what JSON.stringify has none for', () => {
  for (const value of [undefined, () => 1, Symbol('x')]) expect(plainJson(value)).toBeUndefined();
});

it('never gives up on a text that fits, and gives up on the next character', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { length } = JSON.stringify(value);
      expect(plainJson(value, length)).toHaveLength(length);
    }),
  );
  expect(() => plainJson({ a: [1, 2, { b: 'x' }] }, 20)).toThrow(valueTooLarge);
  expect(plainJson({ a: [1, 2, { b: 'x' }] }, 21)).toHaveLength(21);
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

it('goes 1,000 levels deep and no further', () => {
  expect(plainJson(nested(1_000))).toBe(JSON.stringify(nested(1_000)));
  expect(() => plainJson(nested(1_001))).toThrow(RangeError);
});

it('remembers no wrong key, however many there are and however long', () => {
  for (let n = 0; n < 3_000; n += 1) {
    const key = `${n}"\n${n % 7 === 0 ? 'x'.repeat(100) : ''}`;
    expect(plainJson({ [key]: n, same: n })).toBe(JSON.stringify({ [key]: n, same: n }));
  }
});

/** fast-check's own strings of any unit take a second to begin with. */
const unit = fc.oneof(
  fc.constantFrom('\0', '\uD83D', '\uDE00', '\uDBFF', '"', '\\', '\n', '\u001F', '\u2028', '/'),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
);

it('quotes any text as JSON can be read back, NUL and half pairs excepted', () => {
  fc.assert(
    fc.property(
      fc.array(unit).map((units) => units.join('')),
      (text) => {
        expect(JSON.parse(quoted(text))).toBe(text.toWellFormed().replaceAll('\0', '\uFFFD'));
      },
    ),
  );
});

it('asks the redactor before it reads', () => {
  const value = { a: 'text', b: { c: 'text' }, d: 1 };
  const redactor = {
    replacementOf: (key: string) => (key === 'b' ? 'hidden' : undefined),
    scrub: (text: string) => text.toUpperCase(),
  };
  expect(plainJson(value, Infinity, redactor)).toBe('{"a":"TEXT","b":"HIDDEN","d":1}');
});
