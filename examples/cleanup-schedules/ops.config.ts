import { createCleanup, sql } from '@ops/cleanup';
import pg from 'pg';

/** What ops-cleanup looks for in the folder where it is started. */
export const cleanup = createCleanup({
  pool: new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 2 }),
  policies: {
    executions: {
      table: 'workflow_executions',
      olderThan: { column: 'started_at', age: '90d' },
      where: sql`status in ('completed', 'failed')`,
    },
  },
});
