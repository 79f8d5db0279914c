import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ArchiveDamagedError, ArchiveWriteError } from '../../src/archive/errors.ts';
import type { ArchivePiece } from '../../src/archive/piece.ts';
import type { ArchiveSink } from '../../src/archive/sink.ts';
import { toSink } from '../../src/archive/to-sink.ts';
import { AT_ONCE } from '../expired-table.ts';
import { archivedRun, contents, expectExactHistory, makeRows } from './archived-run.ts';

const db = useDatabase();
const SMALL = { cleanup: { pace: { ...AT_ONCE, maxBatch: 7 } } };

/** An object store in memory. */
function memorySink(objects: Map<string, Uint8Array>): ArchiveSink {
  return {
    name: 'memory',
    write(piece) {
      objects.set(piece.name, piece.bytes);
      return Promise.resolve(`memory:${piece.name}`);
    },
    read: (uri) => Promise.resolve(objects.get(uri.slice(7)) ?? new Uint8Array()),
    discard(uri) {
      objects.delete(uri.slice(7));
      return Promise.resolve();
    },
  };
}

describe('a sink of one’s own', () => {
  test('gets one piece a batch, and gives them back', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const before = await contents(pool, 'rows');
    const objects = new Map<string, Uint8Array>();
    const pieces: ArchivePiece[] = [];
    const sink = memorySink(objects);
    const target = toSink({
      ...sink,
      write(piece, options) {
        pieces.push(piece);
        return sink.write(piece, options);
      },
    });
    const cleanup = await archivedRun(pool, db.schema, target, SMALL);
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 20 });
    expect(objects.size).toBe(3);
    expect(pieces.map(({ seq, rowCount }) => [seq, rowCount])).toEqual([
      [1, 7],
      [2, 7],
      [3, 6],
    ]);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 20 });
    expect(await contents(pool, 'rows')).toEqual(before);
  });

  test('that throws, hangs or says nothing fails the policy and loses nothing', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    let signal: AbortSignal | undefined;
    const faults: readonly (readonly [ArchiveSink['write'], string])[] = [
      [() => Promise.reject(new Error('503 Slow Down')), '503 Slow Down'],
      [
        (_, options) => {
          signal = options.signal;
          return new Promise(() => {});
        },
        'did not answer within 30 ms',
      ],
      [() => Promise.resolve(undefined as unknown as string), 'must resolve with a text'],
    ];
    for (const [write, words] of faults) {
      const target = toSink({ name: 'bad', write }, { timeout: '30ms' });
      const cleanup = await archivedRun(pool, db.schema, target, SMALL);
      const report = await cleanup.run();
      expect(report.policies.rows).toMatchObject({ stopped: 'failed', deleted: 0, archived: 0 });
      expect(report.policies.rows.error?.cause).toBeInstanceOf(ArchiveWriteError);
      expect(report.policies.rows.error?.message).toContain(words);
      expect(await contents(pool, 'rows')).toHaveLength(20);
    }
    expect(signal?.aborted).toBe(true);
    await expectExactHistory(pool, db.schema);
  });

  test('that writes less than it was given is found out before anything is restored', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const objects = new Map<string, Uint8Array>();
    const sink = memorySink(objects);
    const target = toSink({
      ...sink,
      write(piece, options) {
        const bytes = piece.seq === 2 ? piece.bytes.subarray(0, 50) : piece.bytes;
        return sink.write({ ...piece, bytes }, options);
      },
    });
    const cleanup = await archivedRun(pool, db.schema, target, SMALL);
    await cleanup.run();
    const error = await cleanup.restore().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ArchiveDamagedError);
    expect(error).toMatchObject({ damages: [{ problem: expect.stringContaining('found 50') }] });
    expect(await contents(pool, 'rows')).toEqual([]);
  });

  test('is asked at plan time, and is refused without write()', async () => {
    const pool = db.pool();
    await makeRows(pool, 1);
    const target = toSink({
      ...memorySink(new Map()),
      check: () => Promise.resolve(['The bucket is not there']),
    });
    const plan = await (await archivedRun(pool, db.schema, target)).plan();
    expect(plan.policies.rows.refusals).toEqual([
      { code: 'archive', message: 'The bucket is not there' },
    ]);
    expect(() => toSink({ name: 'x' } as ArchiveSink)).toThrow(/toSink: sink/);
  });
});
