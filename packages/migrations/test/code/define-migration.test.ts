import { describe, expect, test } from 'vitest';
import { backfill, type CodeMigrationOptions, defineMigration } from '../../src/index.ts';

const work = async (): Promise<void> => {};

describe('defineMigration', () => {
  test('one function, several, and a backfill', () => {
    expect(defineMigration({ up: work })).toEqual({
      kind: 'migration',
      steps: [work],
      down: undefined,
      transaction: true,
    });
    const rows = backfill({ table: 't', key: 'id', set: 'a = 1' });
    expect(defineMigration({ steps: [work, rows], down: work, transaction: false })).toEqual({
      kind: 'migration',
      steps: [work, rows],
      down: [work],
      transaction: false,
    });
  });

  test.each<[given: unknown, message: string]>([
    [undefined, 'expected an options object, got undefined'],
    [{}, 'expected either up or steps'],
    [{ up: work, steps: [work] }, 'expected either up or steps'],
    [{ up: 'create table t ()' }, 'up: expected a function or backfill(…)'],
    [{ steps: [] }, 'steps: expected an array with at least one function'],
    [{ steps: [work, {}] }, 'steps: expected an array'],
    [{ up: work, down: 1 }, 'down: expected a function or backfill(…), got 1'],
    [{ up: work, transaction: 'no' }, 'transaction: expected true or false'],
    [{ up: work, transactional: false }, 'transactional: no such option'],
  ])('%o is refused', (given, message) => {
    const define = (): unknown => defineMigration(given as CodeMigrationOptions);
    expect(define).toThrow(expect.objectContaining({ code: 'ERR_OPS_INVALID_OPTIONS' }));
    expect(define).toThrow(message);
  });
});
