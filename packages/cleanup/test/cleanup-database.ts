import { beforeEach } from 'vitest';
import { type TestDatabase, useDatabase } from '../../../test/postgres.ts';
import { ensureTables } from '../src/history/ensure-tables.ts';

/** As `useDatabase`, with the tables of runs in the schema `ops_cleanup`, and no lease left by an earlier test. */
export function useCleanupDatabase(): TestDatabase {
  const db = useDatabase();
  beforeEach(async () => {
    const pool = db.pool();
    await ensureTables(pool);
    await pool.query('delete from ops_cleanup.leases');
  });
  return db;
}
