import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBatchSize } from '../../src/batch/batch-size.ts';

const pace = { targetMs: 50, maxBatch: 10_000 };

describe('batch size', () => {
  test('starts at 500 and grows by at most half at a step, to maxBatch', () => {
    const size = createBatchSize(pace);
    const seen = [size.next];
    while (seen.length < 10) {
      size.succeeded(size.next, size.next, 1, 1);
      seen.push(size.next);
    }
    expect(seen).toEqual([500, 750, 1125, 1688, 2532, 3798, 5697, 8546, 10_000, 10_000]);
  });

  test('follows the target down, but not below 100', () => {
    const size = createBatchSize(pace);
    size.succeeded(500, 500, 80, 80);
    expect(size.next).toBe(313);
    for (let batch = 0; batch < 5; batch += 1) size.succeeded(size.next, size.next, 5_000, 5_000);
    expect(size.next).toBe(100);
  });

  test('what every batch costs takes half of the target from the rows, and no more', () => {
    const size = createBatchSize(pace);
    size.succeeded(500, 500, 60, 50);
    expect(size.next).toBe(400);
    size.succeeded(400, 400, 1_025, 25);
    expect(size.next).toBe(400);
    size.succeeded(400, 400, 1_020, 20);
    expect(size.next).toBe(500);
    for (let batch = 0; batch < 9; batch += 1) size.succeeded(size.next, size.next, 1_001, 1);
    expect(size.next).toBe(10_000);
  });

  test('a batch that was not full says nothing', () => {
    const size = createBatchSize(pace);
    size.succeeded(3, 500, 1_000, 1_000);
    expect(size.next).toBe(500);
  });

  test('a failure halves what was tried, down to one row, and successes bring it back', () => {
    const size = createBatchSize(pace);
    const seen: number[] = [];
    for (let failure = 0; failure < 10; failure += 1) {
      size.failed(size.next);
      seen.push(size.next);
    }
    expect(seen).toEqual([250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
    for (let success = 0; success < 9; success += 1) size.succeeded(size.next, size.next, 1, 1);
    expect(size.next).toBe(500);
  });

  test('stays from 1 to maxBatch whatever happens', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(
          fc.oneof(
            fc.constant('fail' as const),
            fc.tuple(
              fc.double({ noNaN: true, noDefaultInfinity: true }),
              fc.double({ min: 0, max: 1, noNaN: true }),
            ),
          ),
        ),
        (maxBatch, events) => {
          const size = createBatchSize({ targetMs: 50, maxBatch });
          for (const event of events) {
            if (event === 'fail') size.failed(size.next);
            else size.succeeded(size.next, size.next, event[0], event[0] * event[1]);
            expect(Number.isInteger(size.next) && size.next >= 1 && size.next <= maxBatch).toBe(
              true,
            );
          }
        },
      ),
    );
  });
});
