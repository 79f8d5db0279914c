import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { waitingFor } from '../expired-table.ts';
import { interceptedPool } from '../intercepted-pool.ts';
import {
  eventsCleanup,
  impatientClock,
  makeEvents,
  openMarks,
  partitionsOf,
  tablesLike,
} from './events.ts';

const db = useDatabase();
const IMPATIENT = {
  // Pauses between tries.
  clock: impatientClock([1_000, 2_000, 4_000, 8_000], 20),
  pace: { dutyCycle: 1, lockTimeout: '20ms', statementTimeout: '300ms' },
} as const;

/** Someone in a transaction who has read the table, and so keeps its partitions. */
async function reader(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect();
  await client.query('begin; select count(*) from events');
  return client;
}

async function pendingOf(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhdetachpending`,
  );
  return rows.map(({ name }) => name);
}

describe('dropping partitions, interrupted', () => {
  test('between the phases of detaching, by the end of its backend, is finished by the next run', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const other = await reader(db.pool());
    const running = eventsCleanup(
      db.pool(),
      db.schema,
      {},
      { pace: { statementTimeout: '20s' } },
    ).run();
    const pid = await waitingFor(pool, 'concurrently');
    expect(await pendingOf(pool)).toEqual(['events_6']);
    await pool.query('select pg_terminate_backend($1)', [pid]);
    expect((await running).policies.it).toMatchObject({ stopped: 'failed', deleted: 0 });
    expect(await openMarks(pool)).toEqual(['events_6']);
    await other.query('commit');
    other.release();
    expect(await pendingOf(pool)).toEqual(['events_6']);
    const cleanup = eventsCleanup(pool, db.schema);
    const plan = (await cleanup.plan()).policies.it;
    expect(plan).toMatchObject({ refusals: [], candidates: { count: 20 } });
    expect(plan.warnings.join()).toContain('is dropped by the next');
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 30 });
    expect(await tablesLike(pool, '^events_')).toEqual(['events_1', 'events_2', 'events_3']);
    expect(await openMarks(pool)).toEqual([]);
  });

  test('between detaching and dropping is finished by the next run, and counted once', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    let drops = 0;
    const dying = interceptedPool(pool, async (text, run, client) => {
      if (text.startsWith('drop table') && (drops += 1) === 2) {
        await pool.query('select pg_terminate_backend($1)', [
          (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid,
        ]);
      }
      return run();
    });
    const first = (await eventsCleanup(dying, db.schema).run()).policies.it;
    expect(first).toMatchObject({ stopped: 'failed', deleted: 10 });
    expect(await openMarks(pool)).toEqual(['events_5']);
    expect(await partitionsOf(pool)).toHaveLength(4);
    expect(await tablesLike(pool, '^events_5')).toEqual(['events_5']);
    const second = (await eventsCleanup(pool, db.schema).run()).policies.it;
    expect(second).toMatchObject({ stopped: 'drained', deleted: 20 });
    expect(second.droppedPartitions).toEqual([5, 4].map((n) => `"${db.schema}"."events_${n}"`));
    const { rows } = await pool.query(
      `select sum(p.deleted)::int as deleted,
         (select count(*)::int from dropped_partitions where dropped_at is not null) as dropped
       from policy_runs p`,
    );
    expect(rows).toEqual([{ deleted: 30, dropped: 3 }]);
  });

  test('while COMMIT of the drop is not answered asks what became of it', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    let isDrop = false;
    const deaf = interceptedPool(pool, async (text, run) => {
      if (text.startsWith('drop table')) isDrop = true;
      const result = await run();
      if (text !== 'commit' || !isDrop) return result;
      isDrop = false;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    });
    expect((await eventsCleanup(deaf, db.schema).run()).policies.it).toMatchObject({
      stopped: 'drained',
      deleted: 30,
    });
  });

  test('by somebody who keeps the table in use waits no longer than it may, and sets nothing on the connections', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const other = await reader(db.pool());
    const own = db.pool({ max: 2 });
    const cleanup = eventsCleanup(own, db.schema, {}, IMPATIENT);
    const report = (await cleanup.run()).policies.it;
    // Only one can be between the phases, so the second is not begun.
    expect(report).toMatchObject({ stopped: 'blocked', deleted: 0 });
    expect(report.notes.join()).toContain('is left for the next run');
    for (const client of await Promise.all([own.connect(), own.connect()])) {
      const { rows } = await client.query(
        `select name from pg_settings where name in ('lock_timeout', 'statement_timeout') and setting <> reset_val`,
      );
      expect(rows).toEqual([]);
      client.release();
    }
    await other.query('commit');
    other.release();
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 30 });
  });

  test('by an abort while it waits says so, and the next run goes on', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const other = await reader(db.pool());
    const abort = new AbortController();
    const cleanup = eventsCleanup(db.pool(), db.schema, {}, { pace: { statementTimeout: '20s' } });
    const running = cleanup.run({ signal: abort.signal });
    await waitingFor(pool, 'concurrently');
    abort.abort(new Error('enough'));
    expect((await running).policies.it).toMatchObject({ stopped: 'aborted', deleted: 0 });
    await other.query('commit');
    other.release();
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 30 });
  });

  test('by a hold that came after it was detached puts the partition back, rows and all', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    await pool.query('create table legal_holds (subject int)');
    let isSet = false;
    let partitions: readonly string[] = [];
    const racing = interceptedPool(pool, async (text, run) => {
      const result = await run();
      if (text.includes('concurrently') && !isSet) {
        isSet = true;
        partitions = await partitionsOf(pool);
        await pool.query('insert into legal_holds values (3)');
      }
      return result;
    });
    const holds = [{ table: 'legal_holds', on: { subject: 'user_id' } }];
    const report = (await eventsCleanup(racing, db.schema, {}, { holds }).run()).policies.it;
    expect(partitions).toEqual([1, 2, 3, 4, 5].map((n) => `events_${n}`));
    // The hold covers the others as well.
    expect(report).toMatchObject({ stopped: 'drained', deleted: 0 });
    expect(report.notes.join()).toContain('was put back into');
    expect(await partitionsOf(pool)).toHaveLength(6);
    expect(await openMarks(pool)).toEqual([]);
    const { rows } = await pool.query(
      'select count(*)::int as count from events where user_id = 3',
    );
    expect(rows).toEqual([{ count: 6 }]);
    await pool.query('delete from legal_holds');
    expect((await eventsCleanup(pool, db.schema, {}, { holds }).run()).policies.it).toMatchObject({
      stopped: 'drained',
      deleted: 30,
    });
  });

  test('waits for a hold that is being written, and sees it', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    await pool.query('create table legal_holds (subject int)');
    const other = await db.pool().connect();
    let isOpen = false;
    const racing = interceptedPool(pool, async (text, run) => {
      if (text.includes('share mode') && !isOpen) {
        isOpen = true;
        await other.query('begin; insert into legal_holds values (3)');
        const result = run();
        await waitingFor(pool, 'share mode');
        await other.query('commit');
        return result;
      }
      return run();
    });
    const holds = [{ table: 'legal_holds', on: { subject: 'user_id' } }];
    const pace = { dutyCycle: 1, lockTimeout: '10s', statementTimeout: '20s' } as const;
    const cleanup = eventsCleanup(racing, db.schema, {}, { holds, pace });
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 0 });
    expect(await partitionsOf(pool)).toHaveLength(6);
    other.release();
  });

  test('and then given a longer age puts back what is not due any more, and lets go what somebody took', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const dying = (name: string): ReturnType<typeof interceptedPool> =>
      interceptedPool(pool, (text, run) => {
        if (text.startsWith(`drop table "${db.schema}"."${name}"`)) throw new Error('killed');
        return run();
      });
    await eventsCleanup(dying('events_6'), db.schema).run();
    expect(await openMarks(pool)).toEqual(['events_6']);
    const longer = eventsCleanup(pool, db.schema, { olderThan: { column: 'at', age: '400d' } });
    expect((await longer.plan()).policies.it.warnings.join()).toContain(
      'goes back with the next run',
    );
    const report = (await longer.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'drained', deleted: 0 });
    expect(report.notes.join()).toContain('it is not due any more');
    expect(await partitionsOf(pool)).toHaveLength(6);
    expect(await openMarks(pool)).toEqual([]);
    await eventsCleanup(dying('events_6'), db.schema).run();
    await pool.query('alter table events_6 rename to mine');
    expect((await eventsCleanup(pool, db.schema).run()).policies.it).toMatchObject({
      stopped: 'drained',
      deleted: 20,
      notes: expect.arrayContaining([expect.stringContaining('renamed or moved it')]),
    });
    expect(await tablesLike(pool, '^mine')).toEqual(['mine']);
    expect(await openMarks(pool)).toEqual([]);
  });

  test('by another runner that took the lease drops nothing any more', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    let isTaken = false;
    const slow = interceptedPool(pool, async (text, run) => {
      const result = await run();
      if (text.includes('concurrently') && !isTaken) {
        isTaken = true;
        await pool.query(`update leases set owner = 'another', fence = fence + 1`);
      }
      return result;
    });
    expect((await eventsCleanup(slow, db.schema).run()).policies.it).toMatchObject({
      stopped: 'fenced',
      deleted: 0,
    });
    expect(await tablesLike(pool, '^events_6')).toEqual(['events_6']);
    await pool.query(`update leases set owner = null`);
    expect((await eventsCleanup(pool, db.schema).run()).policies.it).toMatchObject({
      stopped: 'drained',
      deleted: 30,
    });
  });

  test('refuses beside a detach that somebody else has begun, and says how to finish it', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const other = await reader(db.pool());
    const detaching = pool
      .query('alter table events detach partition events_5 concurrently')
      .catch((error: unknown) => error);
    const pid = await waitingFor(pool, 'concurrently');
    await pool.query('select pg_cancel_backend($1)', [pid]);
    await detaching;
    await other.query('commit');
    other.release();
    const plan = (await eventsCleanup(pool, db.schema).plan()).policies.it;
    expect(plan.refusals.map(({ message }) => message).join()).toMatch(/events_5" finalize$/);
  });

  test('for want of a second connection says what to do', async () => {
    await makeEvents(db.pool(), db.schema);
    // The wait for a connection.
    const clock = impatientClock([30_000], 2_000);
    const cleanup = eventsCleanup(db.pool({ max: 1 }), db.schema, {}, { clock });
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'failed' });
    expect(report.error?.message).toContain('a max of 2 or more');
  });
});

describe('dropping partitions beside others', () => {
  test('disturbs no reader and no writer, and loses none of their rows', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema, { partitions: 8 });
    // For the rows of today.
    await pool.query(
      `create table events_0 partition of events for values from (current_date) to ('2100-01-01')`,
    );
    const during = { isOver: false };
    let written = 0;
    const errors: unknown[] = [];
    const load = Array.from({ length: 3 }, async (_, index) => {
      while (!during.isOver) {
        try {
          if (index === 0) await pool.query('select count(*) from events');
          else await pool.query('insert into events (user_id, at) values (-1, now())');
          written += index === 0 ? 0 : 1;
        } catch (error) {
          errors.push(error);
        }
      }
    });
    await pool.query(`insert into events (user_id, at) values (0, current_date - 80)`);
    const report = (await eventsCleanup(db.pool(), db.schema).run()).policies.it;
    during.isOver = true;
    await Promise.all(load);
    expect(errors).toEqual([]);
    expect(report).toMatchObject({ stopped: 'drained', deleted: 50 });
    const { rows } = await pool.query(
      `select count(*) filter (where user_id = -1)::int as written, count(*) filter (where user_id >= 0)::int as rest from events`,
    );
    expect(rows).toEqual([{ written, rest: 31 }]);
  });

  test('with a default partition locks the table for moments only, tries again, and says so in the plan', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    await pool.query('create table events_rest partition of events default');
    const statements: string[] = [];
    const watched = interceptedPool(pool, (text, run) => {
      statements.push(text);
      return run();
    });
    const cleanup = eventsCleanup(watched, db.schema, {}, IMPATIENT);
    expect((await cleanup.plan()).policies.it.warnings.join()).toContain(
      'cannot be detached concurrently',
    );
    const other = await reader(db.pool());
    const running = cleanup.run();
    const tries = (): number =>
      statements.filter((text) => text.includes('access exclusive')).length;
    while (tries() < 2) await Promise.race([pool.query('select pg_sleep(0.01)'), running]);
    await other.query('commit');
    other.release();
    expect((await running).policies.it).toMatchObject({ stopped: 'drained', deleted: 30 });
    expect(statements.join()).not.toContain('concurrently');
    expect(await partitionsOf(pool)).toEqual(['events_1', 'events_2', 'events_3', 'events_rest']);
  });
});
