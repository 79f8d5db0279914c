import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import { contents, makeRows, temporaryDirectory } from './archived-run.ts';
import {
  endLeases,
  expectConserved,
  expectNothingLost,
  expectRestorable,
  runAndKill,
} from './killed-process.ts';

const db = useDatabase();
const KILLS = 8;
const STEPS = ['picked', 'taken', 'stored', 'manifest', 'recorded', 'commit', 'committed'];
const FILE_STEPS = ['create', 'write', 'datasync', 'syncDirectory', 'rename'];
const ROWS = 1_000;

test.each(['table', 'files'] as const)(
  'SIGKILL at random moments loses nothing (%s)',
  async (kind) => {
    const pool = db.pool();
    await makeRows(pool, ROWS);
    await ensureTables(pool, { schema: db.schema });
    const before = (await contents(pool, 'rows')).toSorted();
    const ids = Array.from({ length: ROWS }, (_, n) => n + 1);
    const target = kind === 'table' ? 'table' : await temporaryDirectory();
    const place = { url: db.url, schema: db.schema, target };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const afterMs = Math.round(Math.random() * 250);
      const isDone = await runAndKill(place, { afterMs });
      await endLeases(pool, db.schema);
      await expectConserved(pool, db.schema, target, ids);
      if (isDone) break;
    }
    await expectRestorable(pool, db.schema, target, before);
    expect(before).toHaveLength(ROWS);
  },
);

test('SIGKILL at every step loses nothing (table)', async () => {
  await expectNothingLost(db, 'table', STEPS);
});

test('SIGKILL at every step loses nothing (files)', async () => {
  await expectNothingLost(db, 'files', [...STEPS, ...FILE_STEPS]);
});
