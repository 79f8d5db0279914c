import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asciiJson, fullName, nameOf, storedName } from '../../src/postgres/stored-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 2_000 });

it('writes any JSON in printable ASCII, and loses nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), anyText, (value, text) => {
      const written = asciiJson({ value, text });
      expect(written).toMatch(/^[ -~]*$/);
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify({ value, text })));
    }),
  );
  expect(JSON.parse(asciiJson('\0 \ud800 😀 ü'))).toBe('\0 \ud800 😀 ü');
  expect(asciiJson(undefined)).toBe('null');
});

it('keeps names as they are, escapes what has to be, and never mixes two up', () => {
  expect(storedName('s:partners/shopify')).toBe('s:partners/shopify');
  fc.assert(
    fc.property(anyText, anyText, (one, other) => {
      const stored = storedName(one);
      expect(stored.length).toBeLessThanOrEqual(600);
      expect(stored === storedName(other)).toBe(one === other);
      expect(nameOf(fullName(one) ?? stored)).toBe(one);
    }),
  );
  const long = 'x'.repeat(5_000);
  expect(storedName(`${long}1`)).not.toBe(storedName(`${long}2`));
  expect(nameOf(fullName(long) ?? '')).toBe(long);
});

it('keeps prefixes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), fc.string({ maxLength: 50 }), (prefix, rest) => {
      expect(storedName(prefix + rest).startsWith(storedName(prefix))).toBe(true);
    }),
  );
});
