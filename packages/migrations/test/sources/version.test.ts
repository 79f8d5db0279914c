import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, normalizeVersion } from '../../src/sources/version.ts';

test('one number compares as that number, however long', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
      expect(compareVersions(String(a), String(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test('several parts compare one after the other, and a missing part is 0', () => {
  const part = fc.nat({ max: 12 });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), fc.array(part, { minLength: 1 }), (a, b) => {
      const [left, right] = [normalizeVersion(a.join('.')), normalizeVersion(b.join('_'))];
      let expected = 0;
      for (let at = 0; expected === 0 && at < Math.max(a.length, b.length); at += 1) {
        expected = Math.sign((a[at] ?? 0) - (b[at] ?? 0));
      }
      expect(compareVersions(left ?? '', right ?? '')).toBe(expected);
      // The history's key is the text.
      expect(left === right).toBe(expected === 0);
    }),
  );
});

test.each([
  ['0001', '1'],
  ['000', '0'],
  ['1.0', '1'],
  ['1_2', '1.2'],
  ['01.020.0', '1.20'],
  ['0.0.1', '0.0.1'],
])('%s is kept as %s', (text, version) => {
  expect(normalizeVersion(text)).toBe(version);
});

test.each(['', '.', '1.', 'v1', '-1', '1e3', '1..2', '１'])('%j is no version', (text) => {
  expect(normalizeVersion(text)).toBeUndefined();
});
