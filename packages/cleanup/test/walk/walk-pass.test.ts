import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Position } from '../../src/walk/target.ts';
import { createKeysetPass, createWindowPass } from '../../src/walk/walk-pass.ts';

describe('a pass by heap windows', () => {
  test('narrows to one page, and stays narrow while it is slow', () => {
    const pass = createWindowPass(1_000, 0, 50);
    const pages = (): number => {
      const range = pass.next(500);
      if (range?.walk !== 'heap-windows') throw new Error('another walk');
      return range.toPage - Number(range.from.slice(1, range.from.indexOf(',')));
    };
    const seen = [pages()];
    while (pass.narrow()) seen.push(pages());
    expect(seen).toEqual([64, 32, 16, 8, 4, 2, 1]);
    const look = (elapsedMs: number): number => {
      pass.advance({ last: undefined, isMore: false, picked: 0, limit: 500, elapsedMs });
      return pages();
    };
    expect([look(90), look(40), look(40), look(90), look(10)]).toEqual([1, 2, 4, 2, 4]);
  });

  test('looks at every line of every page once, from wherever it starts and whatever it finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 400 }),
        fc.nat(500),
        fc.integer({ min: 1, max: 50 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 200 })),
        (linesOfPages, startPage, limit, times) => {
          const due = linesOfPages.flatMap((lines, page) =>
            Array.from({ length: lines }, (_, line) => ({ page, line: line + 1 })),
          );
          const pass = createWindowPass(linesOfPages.length, startPage, 50);
          const seen: string[] = [];
          for (let turn = 0; turn < 5_000; turn += 1) {
            const range = pass.next(limit);
            if (!range) break;
            if (range.walk !== 'heap-windows') throw new Error('another walk');
            const [page = 0, line = 0] = range.from.slice(1, -1).split(',').map(Number);
            const found = due.filter(
              (row) =>
                row.page < range.toPage &&
                (row.page > page || (row.page === page && row.line >= line)),
            );
            const picked = found.slice(0, limit);
            seen.push(...picked.map((row) => `(${row.page},${row.line})`));
            const last = picked.at(-1);
            pass.advance({
              last: last && [`(${last.page},${last.line})`],
              isMore: found.length >= limit,
              picked: picked.length,
              limit,
              elapsedMs: times.next().value ?? 0,
            });
          }
          expect(pass.next(limit)).toBeUndefined();
          expect(seen.toSorted()).toEqual(
            due.map(({ page, line }) => `(${page},${line})`).toSorted(),
          );
        },
      ),
    );
  });

  test('of an empty table is over after one look', () => {
    const pass = createWindowPass(0, 7, 50);
    expect(pass.next(10)).toMatchObject({ from: '(0,0)', toPage: 0 });
    pass.advance({ last: undefined, isMore: false, picked: 0, limit: 10, elapsedMs: 1 });
    expect(pass.next(10)).toBeUndefined();
  });
});

describe('a pass by keyset', () => {
  const step = (last: Position | undefined, picked: number) => ({
    last,
    isMore: last !== undefined,
    picked,
    limit: picked,
    elapsedMs: 1,
  });

  test('leaves marks, between which the next one looks', () => {
    const marks: Position[] = [];
    const first = createKeysetPass(marks, true);
    for (const at of ['10', '20', '30']) first.advance(step([at], 50_000));
    first.advance(step(undefined, 0));
    expect(first.next(1)).toBeUndefined();
    expect(marks).toEqual([['10'], ['20'], ['30']]);
    const second = createKeysetPass(marks, false);
    const ranges: unknown[] = [];
    for (;;) {
      const range = second.next(1);
      if (!range) break;
      ranges.push(range);
      second.advance(step(undefined, 0));
    }
    expect(ranges).toEqual([
      { walk: 'keyset', after: undefined, upTo: ['10'] },
      { walk: 'keyset', after: ['10'], upTo: ['20'] },
      { walk: 'keyset', after: ['20'], upTo: ['30'] },
      { walk: 'keyset', after: ['30'], upTo: undefined },
    ]);
  });

  test('keeps a few hundred marks, however long the walk', () => {
    const marks: Position[] = [];
    const pass = createKeysetPass(marks, true);
    for (let at = 0; at < 10_000; at += 1) pass.advance(step([String(at)], 50_000));
    expect(marks.length).toBeLessThanOrEqual(512);
    const places = marks.map(([at]) => Number(at));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });
});

test('a pass by keys tells when a batch began and ended at one value', () => {
  const pass = createKeysetPass([], true);
  const seen: boolean[] = [];
  for (const last of [
    ['1', 'a'],
    ['2', 'b'],
    ['2', 'c'],
    ['3', 'd'],
  ]) {
    pass.advance({ last, isMore: true, picked: 1, limit: 1, elapsedMs: 1 });
    seen.push(pass.isAmongEquals);
  }
  expect(seen).toEqual([false, false, true, false]);
  expect(pass.narrow()).toBe(false);
});
