import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/index.ts';
import { jobsCleanup } from '../expired-table.ts';

const db = useDatabase();

describe.each(['undo', 'restore'] as const)('%s', (verb) => {
  test('of a run that the history does not have says so', async () => {
    const pool = db.pool();
    await ensureTables(pool, { schema: db.schema });
    const cleanup = jobsCleanup(pool, { history: { schema: db.schema } });
    await expect(cleanup[verb](crypto.randomUUID())).rejects.toMatchObject({
      name: 'UnknownRunError',
      code: 'ERR_OPS_CLEANUP_UNKNOWN_RUN',
    });
  });

  test('without the tables of the history says which are missing', async () => {
    const cleanup = jobsCleanup(db.pool(), { history: { schema: db.schema } });
    await expect(cleanup[verb](crypto.randomUUID())).rejects.toMatchObject({
      code: 'ERR_OPS_CLEANUP_TABLES_MISSING',
    });
  });

  test('of what is no id of a run is refused before the database is asked', async () => {
    const pool = { connect: () => Promise.reject(new Error('asked')) };
    const cleanup = jobsCleanup(pool as never);
    for (const runId of ['yesterday', '', null, undefined, 7]) {
      await expect(cleanup[verb](runId as string)).rejects.toMatchObject({
        code: 'ERR_OPS_INVALID_OPTIONS',
        message: expect.stringContaining(`cleanup.${verb}: runId: expected the id of a run`),
      });
    }
  });
});
