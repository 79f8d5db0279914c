import { type Clock, systemClock } from '@ops/timeout';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { createMigrator, directory, type Migrator } from '../src/index.ts';
import { useFolder } from './folder.ts';

const db = useDatabase();
const folder = useFolder();

/** Pauses end at once, and are noted; each moves the clock by its length. */
function jumpingClock(onPause: () => unknown = () => {}): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  let elapsedMs = 0;
  const clock: Clock = {
    now: () => Date.now(),
    monotonic: () => elapsedMs,
    setTimeout(callback, delayMs) {
      // Limits on connecting and asking stay real.
      if (delayMs >= 2_000) return systemClock.setTimeout(callback, delayMs);
      pauses.push(delayMs);
      elapsedMs += delayMs;
      void (async () => {
        await onPause();
        callback();
      })();
      return 0;
    },
    clearTimeout: (timer) => {
      if (timer !== 0) systemClock.clearTimeout(timer);
    },
  };
  return { clock, pauses };
}

function migrator(clock?: Clock): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    clock,
    random: () => 0,
  });
}

test('resolves at once when nothing is pending, and writes nothing', async () => {
  const { clock, pauses } = jumpingClock();
  await migrator(clock).wait();
  expect(pauses).toEqual([]);
  expect((await db.pool().query("select to_regclass('migrations') as t")).rows).toEqual([
    { t: null },
  ]);
});

test('looks again until another process has applied everything', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  let looks = 0;
  const { clock, pauses } = jumpingClock(async () => {
    looks += 1;
    if (looks === 3) await migrator().up();
  });
  await migrator(clock).wait();
  expect(pauses).toEqual([1_000, 1_000, 1_000]);
});

test('gives up when the time is over, saying what is pending', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const { clock, pauses } = jumpingClock();
  await expect(migrator(clock).wait({ timeout: '2500ms' })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_PENDING',
    pending: [{ version: '1' }],
  });
  expect(pauses).toEqual([1_000, 1_000, 500]);
  await expect(migrator(clock).wait({ timeout: 0 })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_PENDING',
  });
});

test('an abort ends it with the identical reason', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const controller = new AbortController();
  const reason = new Error('stop');
  const { clock } = jumpingClock(() => {
    queueMicrotask(() => {
      controller.abort(reason);
    });
    return new Promise(() => {});
  });
  await expect(migrator(clock).wait({ signal: controller.signal })).rejects.toBe(reason);
});

test('a wrong timeout is an InvalidOptionsError, other failures are not waited out', async () => {
  await expect(migrator().wait({ timeout: 'soon' as '1s' })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
  });
  const connection = (): Promise<never> => Promise.reject(new Error('no way'));
  const lost = createMigrator({ connection, sources: [directory(folder.path)] });
  await expect(lost.wait()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_CONNECTION' });
});
