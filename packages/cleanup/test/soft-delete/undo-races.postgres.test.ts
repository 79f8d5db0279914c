import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { waitingFor } from '../expired-table.ts';
import { interceptedPool } from '../intercepted-pool.ts';
import { lastRun, makeWorkflows, snapshot, undo, workflowsCleanup } from './workflows.ts';

const db = useDatabase();
const ROWS = 12;

/** What the application does to one row while an undo is under way. */
type Change =
  | { readonly kind: 'status' | 'undelete' | 'delete' | 'touch'; readonly id: number }
  | { readonly kind: 'mark-again'; readonly id: number };

const changes = fc.array(
  fc.record({
    kind: fc.constantFrom<Change['kind']>('status', 'undelete', 'delete', 'touch', 'mark-again'),
    id: fc.integer({ min: 1, max: ROWS }),
  }),
  { maxLength: 8 },
);

const STATEMENT: Readonly<Record<Change['kind'], string>> = {
  status: `update workflows set status = 'changed' where id = $1`,
  undelete: `update workflows set deleted_at = null where id = $1`,
  delete: 'delete from workflows where id = $1',
  touch: 'update workflows set used_at = now() where id = $1',
  'mark-again': `update workflows set enabled = false, status = 'archived', deleted_at = now() where id = $1`,
};

interface State {
  readonly id: number;
  readonly enabled: boolean;
  readonly status: string | null;
  readonly deleted: string | null;
}

async function states(pool: pg.Pool): Promise<ReadonlyMap<number, State>> {
  const { rows } = await pool.query<State>(
    'select id, enabled, status, deleted_at::text as deleted from workflows',
  );
  return new Map(rows.map((row) => [row.id, row]));
}

describe('undo beside other writers', () => {
  test('gives each row back or leaves it to who changed it, and counts every one once (seed in the message)', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 0);
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.nat(6), async (during, inOpen, step) => {
        await pool.query(`
          truncate soft_deleted, workflows;
          insert into workflows (id, status, used_at)
          select n, 's' || n, now() - interval '400 days' from generate_series(1, ${ROWS}) n`);
        await workflowsCleanup(pool, db.schema).run();
        const marked = await states(pool);
        // One transaction is open all the while; others commit between two statements of the undo.
        const other = await pool.connect();
        await other.query(`begin; set local lock_timeout = '20ms'`);
        for (const { kind, id } of inOpen) await other.query(STATEMENT[kind], [id]);
        let statements = 0;
        const racing = interceptedPool(pool, async (text, run) => {
          statements += 1;
          if (statements === step + 4) {
            for (const { kind, id } of during) {
              await pool.query(`set lock_timeout = '5ms'`);
              await pool.query(STATEMENT[kind], [id]).catch(() => {});
            }
          }
          if (text.includes('for no key update') && !text.includes('skip')) {
            await other.query('commit');
          }
          return run();
        });
        try {
          const run = await lastRun(pool);
          const report = await undo(racing, db.schema, run);
          await other.query('commit');
          const { undone, changedSince, alreadyPurged, blockedCount, tooLate } = report;
          expect(undone + changedSince + alreadyPurged + blockedCount + tooLate).toBe(ROWS);
          const now = await states(pool);
          const { rows } = await pool.query<{ id: number; is_undone: boolean }>(
            `select (key ->> 'id')::int as id, undone_at is not null as is_undone from soft_deleted`,
          );
          expect(rows).toHaveLength(ROWS);
          expect(rows.filter(({ is_undone }) => is_undone)).toHaveLength(undone);
          const touched = new Set(
            [...during, ...inOpen].filter(({ kind }) => kind !== 'touch').map(({ id }) => id),
          );
          for (const { id, is_undone } of rows) {
            if (touched.has(id)) continue;
            expect(is_undone).toBe(true);
            expect(now.get(id)).toEqual({ id, enabled: true, status: `s${id}`, deleted: null });
          }
          // A row that was not given back has what somebody else wrote.
          const kept = rows.filter(({ is_undone }) => !is_undone);
          for (const { id } of kept) expect(now.get(id)).not.toEqual(marked.get(id));
        } finally {
          other.release();
        }
      }),
      { numRuns: 25 },
    );
  });

  test('two of them at once and a run that marks again: every row is given back once, and is as it should be', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 1_500);
    const before = await snapshot(pool);
    await workflowsCleanup(pool, db.schema).run();
    const run = await lastRun(pool);
    const reports = await Promise.all([undo(pool, db.schema, run), undo(pool, db.schema, run)]);
    expect(reports.reduce((sum, { undone }) => sum + undone, 0)).toBe(1_500);
    expect(reports.map(({ undone, undoneBefore }) => undone + undoneBefore)).toEqual([
      1_500, 1_500,
    ]);
    expect(await snapshot(pool)).toEqual(before);
    const [, beside] = await Promise.all([
      workflowsCleanup(pool, db.schema).run(),
      undo(pool, db.schema, run),
    ]);
    expect(beside).toMatchObject({ ok: true, undone: 0, undoneBefore: 1_500 });
    const again = await undo(pool, db.schema, await lastRun(pool));
    expect(again).toMatchObject({ ok: true, undone: 1_500 });
    expect(await snapshot(pool)).toEqual(before);
  });

  test('waits for a purge that is under way, and finds the row gone', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 2);
    await workflowsCleanup(pool, db.schema).run();
    const other = await db.pool().connect();
    await other.query('begin; delete from workflows where id = 1');
    const undoing = undo(pool, db.schema, await lastRun(pool));
    await waitingFor(db.pool(), 'for no key update');
    await other.query('commit');
    other.release();
    expect(await undoing).toMatchObject({ ok: true, undone: 1, alreadyPurged: 1 });
  });

  test('ended half-way by a lost connection goes on where it was, and gives nothing back twice', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 1_100);
    const before = await snapshot(pool);
    await workflowsCleanup(pool, db.schema).run();
    const run = await lastRun(pool);
    let commits = 0;
    const cut = interceptedPool(pool, async (text, send, client) => {
      commits += text === 'commit' ? 1 : 0;
      if (text === 'commit' && commits === 5) {
        await pool.query('select pg_terminate_backend($1)', [
          (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid,
        ]);
      }
      return send();
    });
    await expect(undo(cut, db.schema, run)).rejects.toThrow('COMMIT');
    const report = await undo(pool, db.schema, run);
    expect(report.ok).toBe(true);
    expect(report.undone + report.undoneBefore).toBe(1_100);
    expect(report.undone).toBeLessThan(1_100);
    expect(await snapshot(pool)).toEqual(before);
  });
});
