import type pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Bouncer,
  pgbouncer,
  startPgbouncer,
} from '../../migrations/test/database/pgbouncer.ts';
import { type Cleanup, type CleanupOptions, createCleanup, toTable } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();
const started: Bouncer[] = [];
afterEach(async () => {
  for (const bouncer of started.splice(0)) await bouncer[Symbol.asyncDispose]();
});

/** Pools of clients in front of so many server connections, each given to whoever begins a transaction. */
async function behindBouncer(serverConnections: number): Promise<() => pg.Pool> {
  const bouncer = await startPgbouncer(db.url, 'transaction', serverConnections);
  started.push(bouncer);
  // No options: there is no session to set a search path for.
  return () => db.pool({ connectionString: bouncer.url, options: undefined, max: 2 });
}

function cleanupOf(
  pool: pg.Pool,
  policy: object,
  options: Partial<CleanupOptions<never>> = {},
): Cleanup<'jobs'> {
  return createCleanup({
    pool,
    pace: { ...AT_ONCE, maxBatch: 50 },
    ...options,
    policies: {
      jobs: {
        table: `${db.schema}.jobs`,
        olderThan: { column: 'started_at', age: '90d' },
        safety: { maxShare: 1 },
        ...policy,
      },
    },
  });
}

/** Of whichever server connections the pool in front hands out. */
async function settings(pool: pg.Pool): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let round = 0; round < 6; round += 1) {
    const { rows } = await pool.query(
      `select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement,
         current_setting('enable_seqscan') as seqscan, current_setting('timezone') as zone`,
    );
    seen.push(rows[0]);
  }
  return seen;
}

describe.skipIf(pgbouncer === undefined)(
  'a real PgBouncer in transaction mode (not run: none is installed)',
  () => {
    test('of four runs at once one soft-deletes, by the lease; undo gives it back; nothing stays on a connection', async () => {
      const pool = await behindBouncer(2);
      await makeJobs(db.pool(), 600, 20);
      await db.pool().query('alter table jobs add deleted_at timestamptz');
      const softDelete = { set: { status: 'gone' }, at: 'deleted_at', purgeAfter: '30d' };
      const cleanups = Array.from({ length: 4 }, () => cleanupOf(pool(), { softDelete }));
      const direct = pool();
      const before = await settings(direct);
      const reports = await Promise.all(cleanups.map((each) => each.run()));
      const ends = reports.map(({ policies }) => policies.jobs.stopped);
      expect(ends.toSorted((a, b) => a.localeCompare(b))).toEqual([
        'busy',
        'busy',
        'busy',
        'drained',
      ]);
      expect(reports.map(({ policies }) => policies.jobs.softDeleted)).toContain(600);
      expect(await settings(direct)).toEqual(before);
      const runId = reports.find((report) => report.runId !== undefined)?.runId ?? '';
      expect(await cleanups[0]?.undo(runId)).toMatchObject({ ok: true, undone: 600 });
      const { rows } = await direct.query(
        `select count(*)::int as n from ${db.schema}.jobs where status = 'completed' and deleted_at is null`,
      );
      expect(rows).toEqual([{ n: 620 }]);
      expect(await settings(direct)).toEqual(before);
    });

    test('a runner whose lease another has taken commits nothing more, and stop reaches a run', async () => {
      const pool = await behindBouncer(2);
      await makeJobs(db.pool(), 1_000);
      const other = db.pool();
      let stealing: Promise<unknown> | undefined;
      const onEvent: CleanupOptions['onEvent'] = (event) => {
        if (event.type !== 'batch') return;
        stealing ??= other.query(
          `update ops_cleanup.leases set owner = 'other', fence = fence + 1`,
        );
      };
      const fenced = await cleanupOf(pool(), {}, { onEvent }).run();
      await stealing;
      expect(fenced.policies.jobs).toMatchObject({ stopped: 'fenced' });
      const left = await other.query('select from jobs');
      expect(left.rowCount).toBe(1_000 - fenced.deleted);
      await other.query(`update ops_cleanup.leases set owner = null`);

      const asker = cleanupOf(pool(), {});
      let stopping: Promise<{ runId: string | null }> | undefined;
      const told: CleanupOptions['onEvent'] = (event) => {
        if (event.type === 'batch') stopping ??= asker.stop({ by: 'ann' });
      };
      const pace = { ...AT_ONCE, maxBatch: 10 };
      const stopped = await cleanupOf(pool(), {}, { onEvent: told, pace }).run();
      expect(stopped.policies.jobs).toMatchObject({ stopped: 'stopped' });
      expect(await stopping).toEqual({ runId: stopped.runId });
      expect((await asker.status()).running).toBeNull();
    });

    test('what a run archived is restored', async () => {
      const pool = await behindBouncer(1);
      await makeJobs(db.pool(), 120, 5);
      const cleanup = cleanupOf(pool(), { archive: toTable(`${db.schema}.old_jobs`) });
      const { runId = '', policies } = await cleanup.run();
      expect(policies.jobs).toMatchObject({ stopped: 'drained', deleted: 120, archived: 120 });
      expect(await cleanup.restore(runId)).toMatchObject({ ok: true, restored: 120 });
      const { rowCount } = await db.pool().query('select from jobs');
      expect(rowCount).toBe(125);
    });
  },
);
