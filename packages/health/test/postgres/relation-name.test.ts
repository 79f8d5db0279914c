import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnListOf, partsOf, quoteIdentifier } from '../../src/postgres/relation-name.ts';

test.each([
  ['a.b', '"a"', ['b']],
  ['s.a.b', '"s"."a"', ['b']],
  ['s.a.b,c, d', '"s"."a"', ['b', 'c', 'd']],
  ['A.B', '"A"', ['B']],
  // What has no space, comma or quote is a name, however odd.
  ['a;.b;drop', '"a;"', ['b;drop']],
  ['"odd.name"."say ""hi"", you","x,y"', '"odd.name"', ['say "hi", you', 'x,y']],
])('%s is read', (text, table, columns) => {
  expect(columnListOf(text)).toEqual({ table, columns });
});

test.each([
  '',
  'a',
  'a.',
  '.b',
  'a..b',
  'a.b.c.d',
  'a.b,',
  'a.b,c.d',
  '"a.b',
  'a b.c',
  `${'x'.repeat(64)}.a`,
])('%s is not', (text) => {
  expect(columnListOf(text)).toBeUndefined();
});

test('what was quoted is read as it was', () => {
  const name = fc.string({ minLength: 1, maxLength: 15 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (names) => {
      expect(partsOf(names.map(quoteIdentifier).join('.'))).toEqual(names);
    }),
  );
});
