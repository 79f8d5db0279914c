import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchesOf } from '../../src/postgres/batches.ts';
import type { CommitUnit } from '../../src/store.ts';
import { alert, change, message, unit } from '../store-contract.ts';

function places(units: readonly CommitUnit[]): number[][] {
  return batchesOf(units).map((batch) => batch.map(({ place }) => place));
}

it('needs one batch where units have nothing in common', () => {
  const units = ['a', 'b', 'c'].map((key) =>
    unit({ documents: [change(key, 0)], messages: [message(key)], alerts: [alert(key)] }),
  );
  expect(places(units)).toEqual([[0, 1, 2]]);
  expect(places([])).toEqual([]);
});

it('puts a unit after those that it shares a document, alert or settled channel with', () => {
  const settle = { ids: ['1'], lease: 'l', channel: 'ops', outcome: 'failed', error: '' } as const;
  const digest = message('d', { replaces: ['1'] });
  expect(
    places([
      unit({ documents: [change('a', 1)], alerts: [alert('x')] }),
      unit({ documents: [change('b', 1)] }),
      unit({ documents: [change('a', 2), change('b', 2)] }),
      unit({ alerts: [alert('x')] }),
      unit({ settle }),
      unit({ messages: [digest] }),
    ]),
  ).toEqual([
    [0, 1, 4],
    [2, 3, 5],
  ]);
});

it('refuses a unit that changes a document twice', () => {
  expect(() => batchesOf([unit({ documents: [change('a', 1), change('a', 2)] })])).toThrow(
    RangeError,
  );
});

it('keeps the order of any two that touch the same, and loses none', () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 12 }), (all) => {
      const units = all.map((some) => unit({ documents: some.map((key) => change(key, 1)) }));
      const found = places(units);
      expect(found.flat().toSorted((a, b) => a - b)).toEqual(all.map((_, place) => place));
      const batchOf = (place: number): number => found.findIndex((batch) => batch.includes(place));
      const pairs = all.flatMap((some, later) =>
        all.slice(0, later).flatMap((others, earlier) => {
          return some.some((key) => others.includes(key)) ? [[earlier, later] as const] : [];
        }),
      );
      for (const [earlier, later] of pairs) {
        expect(batchOf(later)).toBeGreaterThan(batchOf(earlier));
      }
    }),
  );
});
