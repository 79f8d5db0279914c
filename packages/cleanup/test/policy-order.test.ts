import fc from 'fast-check';
import { expect, test } from 'vitest';
import { childrenFirst } from '../src/policy-order.ts';

const COUNT_MAX = 12;
const place = (count: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: count });

/** Any number of places, and who references whom; in circles, too. */
const graphs = fc.integer({ min: 1, max: COUNT_MAX }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    pairs: fc.array(fc.record({ child: place(count), parent: place(count) }), { maxLength: 30 }),
  }),
);

/** The same without circles: `rank` says who may reference whom. */
const trees = fc.integer({ min: 2, max: COUNT_MAX }).chain((count) =>
  fc
    .record({
      rank: fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count },
      ),
      pairs: fc.array(fc.record({ child: place(count), parent: place(count) }), { maxLength: 30 }),
    })
    .map(({ rank, pairs }) => ({
      count,
      pairs: pairs.filter(({ child, parent }) => (rank[child - 1] ?? 0) < (rank[parent - 1] ?? 0)),
    })),
);

test('every policy has its turn once, whatever references whatever', () => {
  fc.assert(
    fc.property(graphs, ({ count, pairs }) => {
      const all = Array.from({ length: count }, (_, index) => index + 1);
      expect(childrenFirst(count, pairs).toSorted((a, b) => a - b)).toEqual(all);
    }),
  );
});

test('without circles, whatever references another goes before it', () => {
  fc.assert(
    fc.property(trees, ({ count, pairs }) => {
      const order = childrenFirst(count, pairs);
      for (const { child, parent } of pairs) {
        expect(order.indexOf(child)).toBeLessThan(order.indexOf(parent));
      }
    }),
  );
});

test('without a reference between them, policies stay as given', () => {
  expect(childrenFirst(4, [])).toEqual([1, 2, 3, 4]);
  expect(childrenFirst(4, [{ child: 4, parent: 2 }])).toEqual([1, 3, 4, 2]);
});

test('in a circle the first one goes first', () => {
  const circle = [
    { child: 1, parent: 2 },
    { child: 2, parent: 1 },
  ];
  expect(childrenFirst(3, circle)).toEqual([3, 1, 2]);
});
