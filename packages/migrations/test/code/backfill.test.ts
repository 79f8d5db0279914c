import { describe, expect, test } from 'vitest';
import { type BackfillOptions, backfill } from '../../src/index.ts';

const least = { table: 'users', key: 'id', set: 'plan = lower(plan)' };

describe('backfill', () => {
  test('fills in what was left out', () => {
    expect(backfill(least)).toEqual({
      kind: 'backfill',
      spec: { ...least, key: ['id'], where: undefined, batch: 5_000, pauseMs: 50 },
    });
    expect(
      backfill({ ...least, key: ['a', 'b'], where: 'a > 1', batch: 10, pause: '1s' }),
    ).toMatchObject({ spec: { key: ['a', 'b'], where: 'a > 1', batch: 10, pauseMs: 1_000 } });
  });

  test.each<[given: unknown, message: string]>([
    [null, 'expected an options object, got null'],
    [{ key: 'id', set: 'a = 1' }, 'table: expected some SQL, got undefined'],
    [{ table: 't', key: 'id' }, 'set: expected some SQL, got undefined'],
    [{ table: 't', set: 'a = 1' }, 'key: expected the name of a column, or an array of such'],
    [{ ...least, key: [] }, 'key: expected the name of a column'],
    [{ ...least, key: ['a', 'a'] }, 'key: expected the name of a column'],
    [{ ...least, key: 7 }, 'key: expected the name of a column'],
    [{ ...least, set: ' ' }, 'set: expected some SQL'],
    [{ ...least, where: '' }, 'where: expected a condition in SQL'],
    [{ ...least, batch: 0 }, 'batch: expected a whole number from 1 to 1000000, got 0'],
    [{ ...least, pause: -1 }, 'pause: expected milliseconds from 0'],
    [{ ...least, batchSize: 10 }, 'batchSize: no such option'],
  ])('%o is refused', (given, message) => {
    const make = (): unknown => backfill(given as BackfillOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPS_INVALID_OPTIONS' }));
    expect(make).toThrow(message);
  });
});
