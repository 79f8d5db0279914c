import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upperBoundIn } from '../../src/partition/range-bound.ts';

const LIMITS = ['MINVALUE', 'MAXVALUE'] as const;

/** A value as the server writes it, and what it means. Backslashes cannot be in a time. */
const values = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => {
    const word = text.replaceAll('\\', '');
    return { sql: `'${word.replaceAll("'", "''")}'`, word, isLimit: false };
  }),
  fc.string().map((text) => ({
    sql: `'${text.replaceAll('\\', '').replaceAll("'", "''")}) TO ('`,
    word: `${text.replaceAll('\\', '')}) TO (`,
    isLimit: false,
  })),
  fc.bigInt().map((number) => ({ sql: String(number), word: String(number), isLimit: false })),
  fc.constantFrom(...LIMITS).map((word) => ({ sql: word, word, isLimit: true })),
);
const lists = fc.array(values, { minLength: 1, maxLength: 4 });
const written = (items: readonly { readonly sql: string }[]): string =>
  items.map(({ sql }) => sql).join(', ');

test('the upper bound is found whatever the values look like', () => {
  fc.assert(
    fc.property(lists, lists, (lower, upper) => {
      const bound = upperBoundIn(`FOR VALUES FROM (${written(lower)}) TO (${written(upper)})`);
      const [first, ...rest] = upper;
      const isMinimum = first?.isLimit === true && first.word === 'MINVALUE';
      const isMaximum = first?.isLimit === true && first.word === 'MAXVALUE';
      expect(bound).toEqual(
        isMinimum
          ? undefined
          : {
              value: isMaximum ? undefined : first?.word,
              isInclusive: rest.some(({ isLimit, word }) => !isLimit || word !== 'MINVALUE'),
            },
      );
    }),
  );
});

test('what is no range has no upper bound, and no text makes it fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(upperBoundIn(text)).toBeUndefined();
      expect(upperBoundIn(`FOR VALUES IN (${text})`)).toBeUndefined();
      expect(() => upperBoundIn(`FOR VALUES FROM (${text}`)).not.toThrow();
    }),
  );
});
