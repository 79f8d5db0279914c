import fc from 'fast-check';
import { expect, it } from 'vitest';
import { widgetKey } from '../../src/dashboard/widget-key.ts';

const plain = fc.anything({ withDate: true, withBigInt: true, maxDepth: 3 }).filter((value) => {
  try {
    widgetKey('w', value);
    return true;
  } catch {
    return false;
  }
});

it('is the same for equal parameters and only for them', () => {
  fc.assert(
    fc.property(plain, plain, (one, other) => {
      expect(widgetKey('w', structuredClone(one))).toBe(widgetKey('w', one));
      if (widgetKey('w', one) !== widgetKey('w', other)) return;
      const [clone, cloned] = [structuredClone(one), structuredClone(other)];
      // -0 and 0, and a key without a value and no key, are the same to a query.
      expect(withoutNothing(clone)).toEqual(withoutNothing(cloned));
    }),
    { numRuns: 500 },
  );
});

function withoutNothing(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => [name, withoutNothing(each)]),
  );
}

it.each([
  ['order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ['text and number', { a: 1 }, { a: '1' }, false],
  ['null and its name', [null], ['null'], false],
  ['date and its number', new Date(5), 5, false],
  ['nesting', [[1], 2], [[1, 2]], false],
  ['bigint and number', 1n, 1, false],
])('%s', (_what, one, other, isSame) => {
  expect(widgetKey('w', one) === widgetKey('w', other)).toBe(isSame);
});

it('refuses what is no plain data', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  for (const value of [() => 1, Symbol('s'), new Map(), new URL('http://a'), cycle, Number.NaN]) {
    expect(() => widgetKey('w', { value })).toThrow('plain data');
  }
});

it('of long parameters has a length of its own, and still tells them apart', () => {
  const long = 'x'.repeat(100_000);
  const keys = [`${long}a`, `${long}b`, [long, 'a'], [long, 'b']].map((id) =>
    widgetKey('w', { id }),
  );
  expect(new Set(keys).size).toBe(4);
  for (const key of keys) expect(key.length).toBeLessThan(100);
});

it.each([
  ['a text of 2,000,000', 'x'.repeat(2_000_000)],
  ['a sparse list that claims four billion', Object.assign([], { length: 2 ** 32 - 1 })],
  ['a long key', { ['k'.repeat(2_000_000)]: 1 }],
])('refuses %s before it costs anything', (_what, params) => {
  expect(() => widgetKey('w', params)).toThrow('longer than 1000000');
});

it('has no place for a prototype that was put in', () => {
  const hostile = JSON.parse('{"__proto__":{"admin":true},"id":1}') as object;
  expect(widgetKey('w', hostile)).not.toBe(widgetKey('w', { id: 1 }));
  expect(widgetKey('w', Object.assign(Object.create(null), { id: 1 }))).toBe(
    widgetKey('w', { id: 1 }),
  );
});
