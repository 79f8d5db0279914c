import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SqlFragment, sql } from '../src/index.ts';
import { isFragment, renderFragment } from '../src/sql.ts';

function render(
  fragment: SqlFragment,
  before: unknown[] = [],
): { text: string; values: unknown[] } {
  const values = [...before];
  return { text: renderFragment(fragment, values), values };
}

describe('sql', () => {
  test('a value never becomes text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, number) => {
        const { text: statement, values } = render(sql`a = ${text} and b = ${number}`);
        expect(statement).toBe('a = $1 and b = $2');
        expect(values).toEqual([text, number]);
      }),
    );
  });

  test('fragments nest, and parameters are numbered behind those already there', () => {
    const inner = sql`status = ${'done'}`;
    const outer = sql`(${inner} or ${sql.identifier('a.b')} > ${5n}) and ${inner}`;
    expect(render(outer, ['first'])).toEqual({
      text: '(status = $2 or "a"."b" > $3) and status = $4',
      values: ['first', 'done', 5n, 'done'],
    });
  });

  test('a Date is sent as UTC text, bytes as bytes', () => {
    const { values } = render(
      sql`a < ${new Date('2026-01-01T00:30:00.5Z')} and b = ${new Uint8Array([1])}`,
    );
    expect(values).toEqual(['2026-01-01T00:30:00.500Z', Buffer.from([1])]);
  });

  test('an array only where it is compared as one', () => {
    const list = ['a', 'b'];
    expect(render(sql`s = any(${list})`).values).toEqual([list]);
    expect(render(sql`s <> ALL ( ${list} )`).values).toEqual([list]);
    expect(render(sql`s && ${list}::text[]`).values).toEqual([list]);
    // "not in ('{a,b}')" would be true for every row.
    expect(() => sql`s not in (${list})`).toThrow(/value 1 is an array; write = any/);
  });

  test('a list that changes later does not change the fragment', () => {
    const list = ['a'];
    const fragment = sql`s = any(${list})`;
    list.push('b');
    expect(render(fragment).values).toEqual([['a']]);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a plain call', () => sql('a = 1' as never), /expected a template/],
    ['undefined', () => sql`a = ${undefined as never}`, /value 1: expected .* got undefined/],
    ['an object', () => sql`a = ${{} as never}`, /got object/],
    ['an invalid Date', () => sql`a = ${new Date(Number.NaN)}`, /an invalid Date/],
    ['a backslash', () => sql`a ~ '\d'`, /backslash/],
    ['an invalid escape', () => sql`a = '\u{'`, /backslash/],
    ['a numbered parameter', () => sql`a = $1`, /numbered parameter/],
    ['an empty identifier', () => sql`${sql.identifier('')} = 1`, /identifier/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(TypeError);
  });

  test('what comes from JSON is no fragment', () => {
    const fragment = sql`a = ${1}`;
    expect(isFragment(fragment)).toBe(true);
    expect(isFragment(JSON.parse(JSON.stringify(fragment)))).toBe(false);
    expect(isFragment({ text: 'true', values: [] })).toBe(false);
  });
});
