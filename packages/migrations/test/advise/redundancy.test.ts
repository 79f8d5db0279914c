import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IndexFacts, isSame, isServedBy } from '../../src/advise/redundancy.ts';

const key = fc.record({
  of: fc.constantFrom('a', 'b', 'lower(c)'),
  by: fc.constantFrom('1 0', '2 0'),
  option: fc.integer({ min: 0, max: 3 }),
});
const facts: fc.Arbitrary<IndexFacts> = fc.record({
  method: fc.constantFrom('btree', 'btree', 'gin'),
  isUnique: fc.boolean(),
  isConstraint: fc.boolean(),
  keys: fc.array(key, { minLength: 1, maxLength: 3 }),
  included: fc.uniqueArray(fc.constantFrom('a', 'd', 'e')),
  predicate: fc.constantFrom(null, 'a > 1', 'b > 2'),
  rest: fc.constantFrom('{}', '{"immediate": true}'),
});
const plain = facts.map((each) => ({
  ...each,
  method: 'btree',
  isUnique: false,
  isConstraint: false,
}));

describe('an index that only reads', () => {
  test('is served by itself, and by itself read backwards', () => {
    fc.assert(
      fc.property(plain, (index) => {
        const keys = index.keys.map((each) => ({ ...each, option: each.option ^ 3 }));
        expect(isServedBy(index, index)).toBe(true);
        expect(isServedBy(index, { ...index, keys })).toBe(true);
      }),
    );
  });

  test('is served by one with more keys or columns, and by one over all rows', () => {
    fc.assert(
      fc.property(plain, key, (index, more) => {
        expect(isServedBy(index, { ...index, keys: [...index.keys, more] })).toBe(true);
        expect(isServedBy(index, { ...index, included: [...index.included, 'z'] })).toBe(true);
        expect(isServedBy(index, { ...index, predicate: null })).toBe(true);
        expect(isServedBy({ ...index, keys: [...index.keys, more] }, index)).toBe(false);
        expect(isServedBy({ ...index, included: ['z'] }, index)).toBe(false);
        expect(isServedBy(index, { ...index, predicate: 'other' })).toBe(false);
      }),
    );
  });

  test('is served by whatever serves the one that serves it', () => {
    fc.assert(
      fc.property(
        plain.chain((c) => part(c).chain((b) => fc.tuple(part(b), fc.constant(b), fc.constant(c)))),
        ([a, b, c]) => {
          expect([isServedBy(a, b), isServedBy(b, c), isServedBy(a, c)]).toEqual([
            true,
            true,
            true,
          ]);
        },
      ),
    );
  });
});

/** Something that the index serves: fewer keys, in either direction, of the rows that it has. */
function part(index: IndexFacts): fc.Arbitrary<IndexFacts> {
  const columns = [...new Set([...index.keys.map((each) => each.of), ...index.included])];
  return fc
    .record({
      length: fc.integer({ min: 1, max: index.keys.length }),
      flip: fc.constantFrom(0, 3),
      included: fc.subarray(columns),
      predicate:
        index.predicate === null ? fc.constantFrom(null, 'x') : fc.constant(index.predicate),
    })
    .map(({ length, flip, included, predicate }) => ({
      ...index,
      keys: index.keys.slice(0, length).map((each) => ({ ...each, option: each.option ^ flip })),
      included,
      predicate,
    }));
}

test('one that a constraint stands on is never redundant; a unique one only with its double', () => {
  fc.assert(
    fc.property(facts, facts, (index, other) => {
      expect(isServedBy({ ...index, isConstraint: true }, other)).toBe(false);
      const unique = { ...index, isUnique: true, isConstraint: false };
      expect(isServedBy(unique, { ...unique, isConstraint: true })).toBe(true);
      expect(isServedBy(unique, { ...other, isUnique: false })).toBe(false);
      expect(isServedBy(unique, other)).toBe(isSame(unique, other));
    }),
  );
});
