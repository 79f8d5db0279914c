import type { Clock } from '@ops/timeout';
import {
  type Cleanup,
  type CleanupEvent,
  type CleanupPool,
  createCleanup,
  sql,
  toFiles,
  toTable,
} from '../../src/index.ts';

/** What happens to the rows. */
export type Mode = 'delete' | 'table' | 'files';

export interface JobsCleanupOptions {
  readonly mode: Mode;
  /** For `files`. */
  readonly directory: string;
  readonly format: 'ndjson' | 'ndjson.gz' | 'ndjson.zst';
  readonly maxFileBytes: number;
  readonly maxBatch: number;
}

/** The cleanup of the campaigns' jobs, as processes run it and as it is restored. */
export function createJobsCleanup(
  pool: CleanupPool,
  options: JobsCleanupOptions,
  more: { readonly clock?: Clock; readonly onEvent?: (event: CleanupEvent) => void } = {},
): Cleanup<'jobs'> {
  const { mode, directory, format, maxFileBytes, maxBatch } = options;
  const archive = {
    delete: undefined,
    table: () => toTable('archive.jobs'),
    files: () => toFiles({ directory, format, maxFileBytes }),
  }[mode];
  return createCleanup({
    pool,
    holds: [{ table: 'legal_holds', on: { job_id: 'id' }, active: sql`released_at is null` }],
    policies: {
      jobs: {
        table: 'jobs',
        olderThan: { column: 'started_at', age: '90d' },
        // As in jobs-tables.ts, which knows by it what is never due.
        where: sql`status in ('completed', 'failed') and tenant <> 0`,
        safety: { maxShare: 1 },
        ...(archive && { archive: archive() }),
      },
    },
    pace: { dutyCycle: 1, maxBatch, lockTimeout: '50ms' },
    ...more,
  });
}
