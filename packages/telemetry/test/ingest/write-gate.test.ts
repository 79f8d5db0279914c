import { expect, it } from 'vitest';
import { createWriteGate } from '../../src/ingest/write-gate.ts';
import { settled } from '../manual-clock.ts';

it('runs so many at once, lets so many wait, and turns the rest away', async () => {
  const gate = createWriteGate(2, 2);
  const started: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const run = (n: number) =>
    gate.run(
      () =>
        new Promise<number>((resolve, reject) => {
          started.push(n);
          ends.push((error) => (error ? reject(error) : resolve(n)));
        }),
    );
  const all = [1, 2, 3, 4].map(run);
  expect(gate.isFull).toBe(true);
  expect(run(5)).toBeUndefined();
  expect(started).toEqual([1, 2]);
  ends[1]?.(new Error('no'));
  await expect(all[1]).rejects.toThrow('no');
  await settled();
  expect(started).toEqual([1, 2, 3]);
  expect(gate.isFull).toBe(false);
  ends[0]?.();
  ends[2]?.();
  await settled();
  ends[3]?.();
  expect(await Promise.all([all[0], all[2], all[3]])).toEqual([1, 3, 4]);
  expect(started).toEqual([1, 2, 3, 4]);
});
