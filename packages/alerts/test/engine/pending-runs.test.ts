import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPendingRuns, type EventKind, type Run } from '../../src/engine/pending-runs.ts';

const kind = (route: string): EventKind => ({
  type: 'error',
  atMs: 0,
  count: 1,
  labels: { route },
});
const A = kind('a');
const B = kind('b');
const countOf = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.count, 0);

describe('pending runs', () => {
  it('join equal neighbours of one millisecond, but nothing to what was folded or sent', () => {
    const pending = createPendingRuns();
    pending.add(A, 1, 2);
    pending.add(A, 1.5, 1);
    expect(pending.runs).toMatchObject([{ count: 3 }]);
    pending.fence();
    pending.add(A, 1.7, 1);
    expect(pending.runs).toHaveLength(2);
    pending.seal(1);
    pending.add(A, 1.9, 1);
    pending.add(B, 1.9, 1);
    expect(pending.runs.map(({ number }) => number)).toEqual([1, 1, undefined, undefined]);
  });

  it('are gone when the document holds the commit that they were first in, and not before', () => {
    const pending = createPendingRuns();
    pending.add(A, 1, 1);
    pending.seal(1);
    pending.add(A, 2, 1);
    pending.seal(2);
    pending.add(A, 3, 1);
    pending.drop(0);
    expect(pending.runs).toHaveLength(3);
    pending.drop(1);
    expect(pending.runs.map(({ atMs }) => atMs)).toEqual([2, 3]);
    pending.unseal();
    pending.drop(2);
    expect(pending.runs).toHaveLength(2);
  });

  it('shrink to any size without losing an event, newest time kept', () => {
    const adds = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 5_000 }),
        kind: fc.constantFrom(A, B, kind('c')),
        count: fc.integer({ min: 1, max: 5 }),
        isSealed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 200 },
    );
    fc.assert(
      fc.property(adds, fc.integer({ min: 4, max: 50 }), (all, maxCount) => {
        const pending = createPendingRuns();
        let atMs = 0;
        let number = 0;
        for (const one of all) {
          atMs += one.gapMs;
          pending.add(one.kind, atMs, one.count);
          if (one.isSealed) pending.seal((number += 1));
        }
        const before = countOf(pending.runs);
        const lost = pending.shrink(maxCount);
        expect(countOf(pending.runs)).toBe(before);
        expect(pending.runs.length).toBeLessThanOrEqual(Math.max(maxCount, 4));
        expect(pending.runs.at(-1)?.atMs).toBe(atMs);
        expect(lost).toBeLessThanOrEqual(before);
        const times = pending.runs.map((run) => run.atMs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });
});
