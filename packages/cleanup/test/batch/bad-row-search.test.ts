import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBadRowSearch } from '../../src/batch/bad-row-search.ts';

function search(rows: readonly boolean[]) {
  const it = createBadRowSearch(rows.length);
  const passed: number[] = [];
  const bad: number[] = [];
  let tries = 0;
  for (;;) {
    const { from, to } = it.next;
    if (from >= rows.length) return { passed, bad, tries };
    expect(to).toBeGreaterThan(from);
    tries += 1;
    if (rows.slice(from, to).every(Boolean)) {
      for (let row = from; row < to; row += 1) passed.push(row);
      it.passed();
    } else {
      if (to - from === 1) bad.push(from);
      it.failed();
    }
  }
}

test('every good row passes once, every bad row is found, whichever they are', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (rows) => {
      const { passed, bad } = search(rows);
      expect(passed).toEqual(rows.flatMap((isGood, row) => (isGood ? [row] : [])));
      expect(bad).toEqual(rows.flatMap((isGood, row) => (isGood ? [] : [row])));
    }),
  );
});

test('a lonely bad row costs about log2 tries, bad rows that lie together one each', () => {
  const rows = Array.from({ length: 512 }, () => true);
  for (const at of [0, 1, 255, 256, 511]) {
    expect(search(rows.map((_, row) => row !== at)).tries).toBeLessThanOrEqual(22);
  }
  expect(search(rows.map((_, row) => row > 300)).tries).toBeLessThanOrEqual(301 + 22);
  expect(search(rows.map(() => false)).tries).toBeLessThanOrEqual(512 + 10);
});

test('rows that are only refused together are none of them bad', () => {
  const it = createBadRowSearch(64);
  const tried = new Set<number>();
  while (it.next.from < 64) {
    const { from, to } = it.next;
    if (to - from > 4) it.failed();
    else {
      for (let row = from; row < to; row += 1) tried.add(row);
      it.passed();
    }
  }
  expect(tried.size).toBe(64);
});
