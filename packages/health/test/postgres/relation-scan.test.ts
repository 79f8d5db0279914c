import { expect, test } from 'vitest';
import type { CheckConnection, Read } from '../../src/postgres/check-connection.ts';
import { type RelationColumns, relationColumnsOf } from '../../src/postgres/relation-plan.ts';
import { createRelationScan } from '../../src/postgres/relation-scan.ts';

/** A server on which a step of more than `fits` rows takes too long. */
function slowConnection(fits: number) {
  const asked: number[] = [];
  const rows = async (select: string, [rowCount]: readonly unknown[] = []) => {
    if (select.includes('"isToIndexed"')) {
      const key = [{ name: 'id', type: 'integer' }];
      return [{ hasFrom: true, hasTo: true, missing: [], key, isToIndexed: true }];
    }
    if (typeof rowCount !== 'number') throw new TypeError('expected a number of rows');
    asked.push(rowCount);
    if (rowCount > fits) throw Object.assign(new Error('cancelled'), { code: '57014' });
    return [{ rowCount, last: ['9'], danglingCount: 0, samples: [], tookMs: 1 }];
  };
  const read = { version: 180_000, isReplica: false, rows } as unknown as Read;
  const connection: CheckConnection = { read: (_, work) => work(read), close: async () => {} };
  return { connection, asked };
}

const limits = { signal: new AbortController().signal, timeoutMs: 1_000 };
const relation = relationColumnsOf({ from: 'a.b', to: 'c.d' }) as RelationColumns;

test('a step that takes too long is tried with fewer rows, down to 100', async () => {
  const { connection, asked } = slowConnection(0);
  const scan = createRelationScan(relation, 10_000);
  for (let run = 0; run < 6; run += 1)
    expect((await scan.step(connection, limits)).isOver).toBe(true);
  expect(asked).toEqual([10_000, 2_500, 625, 156, 100, 100]);
  expect(scan.failure?.outcome).toBe('timeout');
});

test('and goes on with as many as it can', async () => {
  const { connection, asked } = slowConnection(1_000);
  const scan = createRelationScan(relation, 10_000);
  for (let run = 0; run < 4; run += 1) await scan.step(connection, limits);
  expect(asked).toEqual([10_000, 2_500, 625, 625]);
  expect(scan.failure).toBeUndefined();
  expect(scan.current.rowCount).toBe(1_250);
});
