import { systemClock } from '@ops/timeout';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { databaseNow } from '../../src/cut-off.ts';
import { type Database, inTransaction } from '../../src/database.ts';
import { createLedger } from '../../src/history/create-ledger.ts';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import type { BatchFacts, Ledger, LedgerRun, PolicyOpening } from '../../src/history/ledger.ts';
import { stopRun } from '../../src/history/stop-run.ts';
import { untouchedReport } from '../../src/policy-report.ts';
import { interceptedPool } from '../intercepted-pool.ts';

const db = useDatabase();
const LIMITS = { lockTimeoutMs: 2_000, statementTimeoutMs: 5_000, access: 'read write' } as const;
const DAY_MS = 86_400_000;

interface Place {
  readonly pool: pg.Pool;
  readonly database: Database;
  readonly schema: string;
  readonly ledger: Ledger;
}

async function place(keepMs = 400 * DAY_MS): Promise<Place> {
  const schema = db.schema;
  const pool = db.pool();
  await ensureTables(pool, { schema });
  const logger = { info() {}, warn() {}, error() {} };
  const ledger = createLedger({ name: 'default', history: { schema, keepMs }, logger });
  return { pool, schema, ledger, database: { pool, clock: systemClock, signal: undefined } };
}

async function open({ ledger, database }: Place): Promise<LedgerRun> {
  const now = await inTransaction(database, LIMITS, databaseNow);
  const run = await ledger.open({ database, now });
  if (run === 'busy') throw new Error('busy');
  return run;
}

const OPENING: PolicyOpening = {
  policy: 'jobs',
  hash: 'a1',
  table: '"public"."jobs"',
  cutOff: '2026-01-01T00:00:00.000000Z',
  share: 0.75,
  isShareAccepted: false,
};
const FACTS: BatchFacts = {
  step: 'main',
  kind: 'delete',
  cursor: { step: 'main', leaf: '16400', position: ['2020', '7'], walk: 'keyset' },
  picked: 10,
  deleted: 9,
  softDeleted: 0,
  archived: 9,
  blocked: 1,
};

/** As if the holder had not been heard of for so long. */
async function silence({ pool, schema }: Place, seconds: number): Promise<void> {
  await pool.query(
    `update ${schema}.leases set heartbeat_at = heartbeat_at - $1::int * interval '1 second'`,
    [seconds],
  );
}

describe('the lease', () => {
  test('goes to one of those who ask at the same time', async () => {
    const at = await place();
    const now = await inTransaction(at.database, LIMITS, databaseNow);
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => at.ledger.open({ database: at.database, now })),
    );
    expect(asked.filter((run) => run !== 'busy')).toHaveLength(1);
    expect(asked.filter((run) => run === 'busy')).toHaveLength(7);
  });

  test('is free again once it is given back, and each run has an id of its own', async () => {
    const at = await place();
    const first = await open(at);
    await first.close({ ok: true });
    const second = await open(at);
    expect(second.runId).not.toBe(first.runId);
  });

  test('is free after a minute without a sign of life; its old holder then commits nothing', async () => {
    const at = await place();
    const paused = await open(at);
    const books = await paused.openPolicy(OPENING);
    await silence(at, 59);
    await expect(open(at)).rejects.toThrow('busy');
    await silence(at, 2);
    const next = await open(at);
    expect(await paused.heartbeat()).toBe('lost');
    expect(await inTransaction(at.database, LIMITS, (query) => books.fence(query, '1'))).toBe(
      'lost',
    );
    expect(await next.heartbeat()).toBe('held');
    await paused.close({ ok: true });
    expect(await next.heartbeat()).toBe('held');
  });

  test('cannot be taken while its holder is in the middle of a batch', async () => {
    const at = await place();
    const holder = await open(at);
    const books = await holder.openPolicy(OPENING);
    await inTransaction(at.database, LIMITS, async (query) => {
      expect(await books.fence(query, '1')).toBe('held');
      await expect(open(at)).rejects.toThrow('busy');
    });
  });

  test('ends the run that a crashed holder left open', async () => {
    const at = await place();
    const crashed = await open(at);
    await silence(at, 61);
    await open(at);
    const { rows } = await at.pool.query(
      `select ok, ended_at is not null as ended from ${at.schema}.runs where id = $1`,
      [crashed.runId],
    );
    expect(rows).toEqual([{ ok: false, ended: true }]);
  });
});

describe('stop', () => {
  test('is heard by the heartbeat and by the next batch, and not by the next run', async () => {
    const at = await place();
    const asking = { name: 'default', by: 'ann', reason: 'deploy' };
    expect(await stopRun(at.database, at.schema, asking)).toEqual({ runId: null });
    const run = await open(at);
    expect(await stopRun(at.database, at.schema, asking)).toEqual({ runId: run.runId });
    expect(await run.heartbeat()).toBe('stop-requested');
    const books = await run.openPolicy(OPENING);
    expect(await inTransaction(at.database, LIMITS, (query) => books.fence(query, '1'))).toBe(
      'stop-requested',
    );
    await run.close({ ok: true });
    expect(await (await open(at)).heartbeat()).toBe('held');
  });
});

describe('the books', () => {
  test('have the sums of committed batches, and not of one that was rolled back', async () => {
    const at = await place();
    const run = await open(at);
    const books = await run.openPolicy(OPENING);
    for (let batch = 0; batch < 3; batch += 1) {
      await inTransaction(at.database, LIMITS, (query) => books.record(query, FACTS));
    }
    const failed = inTransaction(at.database, LIMITS, async (query) => {
      await books.record(query, FACTS);
      throw new Error('killed');
    });
    await expect(failed).rejects.toThrow('killed');
    await books.close(untouchedReport('jobs', 'jobs', 'budget-rows', { notes: ['a\0b'] }));
    const { rows } = await at.pool.query(
      `select picked::int, deleted::int, archived::int, batches::int, stopped, ended_at is not null as ended
       from ${at.schema}.policy_runs`,
    );
    expect(rows).toEqual([
      { picked: 30, deleted: 27, archived: 27, batches: 3, stopped: 'budget-rows', ended: true },
    ]);
  });

  test('know where a run left off that was not drained', async () => {
    const at = await place();
    const first = await open(at);
    const books = await first.openPolicy(OPENING);
    await inTransaction(at.database, LIMITS, (query) => books.record(query, FACTS));
    await books.close(untouchedReport('jobs', 'jobs', 'budget-time'));
    await first.close({ ok: true });
    const second = await open(at);
    expect((await second.openPolicy({ ...OPENING, hash: 'other' })).cursor).toBeUndefined();
    await second.close({ ok: true });
    const third = await open(at);
    const again = await third.openPolicy(OPENING);
    expect(again.cursor).toEqual(FACTS.cursor);
    await again.close(untouchedReport('jobs', 'jobs', 'drained'));
    await third.close({ ok: true });
    expect((await (await open(at)).openPolicy(OPENING)).cursor).toBeUndefined();
  });

  test('remember the largest share that was accepted, by hash', async () => {
    const at = await place();
    const shares = (): Promise<ReadonlyMap<string, number>> =>
      inTransaction(at.database, { ...LIMITS, access: 'read only' }, at.ledger.acceptedShares);
    expect(await shares()).toEqual(new Map());
    const run = await open(at);
    await run.openPolicy({ ...OPENING, isShareAccepted: true });
    await run.openPolicy({ ...OPENING, policy: 'other', hash: 'b2' });
    expect(await shares()).toEqual(new Map([['a1', 0.75]]));
  });

  test('are empty, and no error, where the tables are not there', async () => {
    const at = await place();
    const history = { schema: 'nowhere', keepMs: DAY_MS };
    const logger = { info() {}, warn() {}, error() {} };
    const ledger = createLedger({ name: 'default', history, logger });
    const read = inTransaction(at.database, { ...LIMITS, access: 'read only' }, (query) =>
      ledger.acceptedShares(query),
    );
    expect(await read).toEqual(new Map());
    const now = await inTransaction(at.database, LIMITS, databaseNow);
    await expect(ledger.open({ database: at.database, now })).rejects.toMatchObject({
      code: 'ERR_OPS_CLEANUP_TABLES_MISSING',
      schema: 'nowhere',
    });
  });
});

describe('the history', () => {
  async function age({ pool, schema }: Place, days: number): Promise<void> {
    for (const table of ['runs', 'policy_runs']) {
      await pool.query(
        `update ${schema}.${table} set started_at = started_at - $1::int * interval '1 day'`,
        [days],
      );
    }
  }

  test('forgets old runs, but not the newest of a policy nor what an archive is known by', async () => {
    const at = await place(10 * DAY_MS);
    const ids: string[] = [];
    for (const policy of ['jobs', 'jobs', 'retired', 'jobs']) {
      const run = await open(at);
      ids.push(run.runId);
      const books = await run.openPolicy({ ...OPENING, policy });
      await books.close(untouchedReport(policy, 'jobs', 'drained'));
      await run.close({ ok: true });
    }
    await at.pool.query(
      `insert into ${at.schema}.manifest (run_id, policy, seq, kind, uri, table_name, row_count)
       values ($1, 'jobs', 1, 'file', 'file:///a', 'jobs', 1)`,
      [ids[0]],
    );
    await age(at, 11);
    const last = await open(at);
    await last.close({ ok: true });
    const { rows } = await at.pool.query<{ id: string }>(`select id from ${at.schema}.runs`);
    const left = new Set(rows.map((row) => row.id));
    expect(left).toEqual(new Set([ids[0], ids[2], ids[3], last.runId]));
  });

  test('does not forget a run that marked rows, by which a purge knows them after a hold of years', async () => {
    const at = await place(10 * DAY_MS);
    const ids: string[] = [];
    for (const softDeleted of [1, 0, 0]) {
      const run = await open(at);
      ids.push(run.runId);
      const books = await run.openPolicy(OPENING);
      await books.close(untouchedReport('jobs', 'jobs', 'drained'));
      await run.close({ ok: true });
      await at.pool.query(
        `update ${at.schema}.policy_runs set soft_deleted = $2 where run_id = $1`,
        [run.runId, softDeleted],
      );
    }
    await age(at, 400);
    await (await open(at)).close({ ok: true });
    const { rows } = await at.pool.query<{ id: string }>(
      `select run_id as id from ${at.schema}.policy_runs`,
    );
    expect(new Set(rows.map((row) => row.id))).toEqual(new Set([ids[0], ids[2]]));
  });

  async function mark(
    { pool, schema }: Place,
    runId: string,
    rows: number,
    undoneForDays: number,
  ): Promise<void> {
    await pool.query(
      `insert into ${schema}.soft_deleted
         (run_id, policy, table_name, key, before, after, marked_at, undo_until)
       select $1, 'jobs', '"public"."jobs"', jsonb_build_object('id', n::text), '{}', '{}',
         now() - interval '60 days', now() - $3::int * interval '1 day'
       from generate_series(1, $2::int) n`,
      [runId, rows, undoneForDays],
    );
  }

  async function marksLeft({ pool, schema }: Place): Promise<number> {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*)::int as n from ${schema}.soft_deleted`,
    );
    return rows[0]?.n ?? -1;
  }

  async function marking(at: Place, rows: number, undoneForDays: number): Promise<void> {
    const run = await open(at);
    const books = await run.openPolicy(OPENING);
    await mark(at, run.runId, rows, undoneForDays);
    await books.close(untouchedReport('jobs', 'jobs', 'drained'));
    await run.close({ ok: true });
  }

  test('forgets the marks of soft deletes in batches, once their undo is long over, not by the age of the run', async () => {
    const at = await place(20 * DAY_MS);
    await marking(at, 12_000, 19);
    // Its run is too old by far, and it can still be taken back.
    await marking(at, 100, -300);
    await age(at, 100);
    await (await open(at)).close({ ok: true });
    expect(await marksLeft(at)).toBe(12_100);
    await at.pool.query(
      `update ${at.schema}.soft_deleted set undo_until = undo_until - interval '2 days'`,
    );
    // One of the batches' rows is in somebody's hands.
    const holder = await at.pool.connect();
    await holder.query('begin');
    await holder.query(
      `select from ${at.schema}.soft_deleted where key = '{"id": "77"}' for update`,
    );
    const transactions: string[] = [];
    const pool = interceptedPool(at.pool, (text, send) => {
      transactions.push(text);
      return send();
    });
    await (await open({ ...at, database: { ...at.database, pool } })).close({ ok: true });
    // 5,000 marks in one at most; the last finds no more.
    expect(
      transactions.filter((text) => text.includes('delete from') && text.includes('using picked')),
    ).toHaveLength(4);
    await holder.query('rollback');
    holder.release();
    // That one comes of each of the two runs.
    expect(await marksLeft(at)).toBe(101);
    await (await open(at)).close({ ok: true });
    expect(await marksLeft(at)).toBe(100);
    const { rows } = await at.pool.query(
      `select count(*)::int as n from ${at.schema}.runs run
       where exists (select from ${at.schema}.soft_deleted where run_id = run.id)`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('is not pruned any further once the run is aborted, and a failure to prune is only logged', async () => {
    const at = await place(10 * DAY_MS);
    await marking(at, 3, 9);
    await at.pool.query(
      `update ${at.schema}.soft_deleted set undo_until = undo_until - interval '40 days'`,
    );
    const ending = new AbortController();
    const aborted = { ...at, database: { ...at.database, signal: ending.signal } };
    const run = await open(aborted);
    ending.abort();
    await run.close({ ok: true });
    expect(await marksLeft(at)).toBe(3);
    const warnings: string[] = [];
    const warn = (_: object, message: string): void => void warnings.push(message);
    const logger = { info() {}, warn, error() {} };
    const history = { schema: at.schema, keepMs: 10 * DAY_MS };
    const failing = { ...at, ledger: createLedger({ name: 'default', history, logger }) };
    const last = await open(failing);
    await at.pool.query(`alter table ${at.schema}.soft_deleted rename to elsewhere`);
    await last.close({ ok: true });
    expect(warnings).toEqual(['The history could not be pruned; the next run tries again']);
    const { rows } = await at.pool.query(`select owner from ${at.schema}.leases`);
    expect(rows).toEqual([{ owner: null }]);
  });
});
