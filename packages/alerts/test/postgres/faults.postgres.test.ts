import { TimeoutError } from '@ops/timeout';
import pg from 'pg';
import { expect, it } from 'vitest';
import { alert, change, claim, delivered, message, read, unit } from '../store-contract.ts';
import { useAlertsDatabase, watched } from './setup.ts';

const { db, open, value } = useAlertsDatabase();

it('gives up when no connection is to be had, and takes none later', async () => {
  const pool = db.pool({ max: 1 });
  const hasty = open({ pool, timeout: 50 });
  const client = await pool.connect();
  await expect(read(hasty)).rejects.toThrow(TimeoutError);
  await expect(hasty.commit([unit()])).rejects.toThrow(TimeoutError);
  client.release();
  expect((await read(open({ pool }))).documents).toEqual([]);
  expect(pool.waitingCount).toBe(0);
  expect(pool.idleCount).toBe(1);
});

it('gives up waiting for a row, leaves nothing locked, and keeps the connection', async () => {
  const { pool, states } = watched(db.pool({ max: 1 }));
  const session = open({ pool, timeout: '4s' });
  await session.commit([unit({ documents: [change('s:a', 0), change('s:b', 0)] })]);
  const holder = await db.pool().connect();
  await holder.query(`begin; select from ops_alerts_documents where key = 's:b' for update`);
  const stuck = session.commit([unit({ documents: [change('s:a', 1), change('s:b', 1)] })]);
  await expect(stuck).rejects.toMatchObject({ code: '55P03' });
  await holder.query('rollback');
  holder.release();
  const { isApplied } = await session.commit([unit({ documents: [change('s:a', 1)] })]);
  expect(isApplied).toEqual([true]);
  expect(states).toEqual(['55P03']);
});

it('closes the connection of a statement that hangs, and the server ends what it can', async () => {
  const pool = db.pool({ max: 1 });
  const hasty = open({ pool, timeout: 300 });
  const session = open({ pool });
  await read(session);
  const holder = await db.pool().connect();
  await holder.query('begin; lock table ops_alerts_documents');
  await expect(read(hasty)).rejects.toThrow(TimeoutError);
  const made = unit({ documents: [change('s:a', 0)] });
  await expect(hasty.commit([made])).rejects.toThrow(TimeoutError);
  expect(pool.totalCount).toBe(0);
  await holder.query('rollback');
  holder.release();
  expect((await read(session)).nowMs).toBeGreaterThan(0);
  expect(pool.totalCount).toBe(1);
  expect(pool.idleCount).toBe(1);
});

it('applies no commit that comes through long after it was given up', async () => {
  const pool = db.pool({ max: 1, application_name: 'late' });
  const session = open({ pool, timeout: '1s' });
  await read(session);
  const holder = await db.pool().connect();
  await holder.query('begin; lock table ops_alerts_documents, ops_alerts_history');
  const whole = unit({ documents: [], messages: [message('1')], alerts: [alert('a')] });
  await expect(session.commit([whole])).rejects.toThrow(TimeoutError);
  // It is the table that it waits for: the server does not know that nobody listens any more.
  const stillThere = `select count(*)::int from pg_stat_activity
    where application_name = 'late' and datname = current_database()`;
  expect(await value(stillThere)).toBe(1);
  await holder.query('rollback');
  holder.release();
  while ((await value(stillThere)) !== 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await read(session)).toMatchObject({ alerts: [] });
  expect(await session.waiting('ops', 10)).toEqual([]);
  expect((await session.commit([whole])).isApplied).toEqual([true]);
  expect((await read(session)).alerts).toHaveLength(1);
});

it('leaves no setting behind in the connection', async () => {
  const pool = db.pool({ max: 1 });
  const session = open({ pool, timeout: '1s' });
  await session.commit([unit({ documents: [change('s:a', 0)] })]);
  const pid = async (): Promise<unknown> =>
    (await pool.query('select pg_backend_pid() as pid')).rows[0]?.pid;
  const before = await pid();
  await pool.query('select pg_sleep(1.2)');
  expect(await pid()).toBe(before);
  const { rows } = await pool.query('show lock_timeout');
  expect(rows).toEqual([{ lock_timeout: '0' }]);
});

it('rejects when its connection is cut in the middle, and works again with the next', async () => {
  const pool = db.pool({ max: 1, application_name: 'victim' });
  const session = open({ pool });
  await session.commit([unit({ documents: [change('s:a', 0, 'first')] })]);
  const holder = await db.pool().connect();
  await holder.query(`begin; select from ops_alerts_documents where key = 's:a' for update`);
  const cut = session.commit([unit({ documents: [change('s:a', 1, 'cut')] })]);
  const outcome = cut.then(String, String);
  while ((await value(WAITING)) !== 1) await new Promise((resolve) => setImmediate(resolve));
  await value(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'victim' and datname = current_database()`,
  );
  expect(await outcome).toMatch(/terminat/i);
  await holder.query('rollback');
  holder.release();
  expect(pool.totalCount).toBe(0);
  expect((await read(session, ['s:a'])).documents).toMatchObject([{ version: 1, value: 'first' }]);
  expect(pool.idleCount).toBe(1);
});

const WAITING = `select count(*)::int from pg_stat_activity
  where application_name = 'victim' and datname = current_database() and wait_event_type = 'Lock'`;

it('rejects at once where nobody listens, from the start and for every method', async () => {
  const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const session = open({ pool });
  const silence = {
    id: '1',
    match: {},
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '2026-01-01T00:00:00Z',
    by: 'ann',
    reason: '',
  };
  for (const call of [
    () => read(session),
    () => session.commit([unit()]),
    () => session.settle({ ids: [], lease: '', channel: '', outcome: 'failed', error: '' }),
    () => session.waiting('ops', 1),
    () => session.list('', 1),
    () => session.addSilence(silence),
    () => session.endSilence('1'),
    () => session.history({ sinceMs: 0, limitCount: 1 }),
  ]) {
    await expect(call()).rejects.toThrow(/ECONNREFUSED/);
  }
  expect(session.now()).toBeGreaterThan(0);
  await session.close();
  await pool.end();
});

it('has the time of the server, whatever the wall clock of this machine says', async () => {
  const skewMs = 3_600_000;
  const clock = {
    now: () => Date.now() + skewMs,
    monotonic: () => performance.now(),
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
    clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  };
  const session = open({ clock });
  expect(session.now()).toBeGreaterThan(Date.now() + skewMs / 2);
  const { nowMs } = await read(session);
  const serverMs = Number(await value('select extract(epoch from clock_timestamp()) * 1000'));
  expect(Math.abs(nowMs - serverMs)).toBeLessThan(skewMs / 2);
  expect(Math.abs(session.now() - serverMs)).toBeLessThan(skewMs / 2);
});

it('writes nothing, and locks no row, where nothing is to be written', async () => {
  const session = open();
  await session.commit([
    unit({ documents: [change('s:a', 0)], messages: [message('1'), message('2')] }),
  ]);
  const held = await claim(session);
  if (held === undefined) throw new Error('nothing was claimed');
  // Whatever writes to the log has a transaction id by then.
  const pool = db.pool({ max: 1 });
  const ids: unknown[] = [];
  const observing = {
    async connect() {
      const client = await pool.connect();
      return {
        async query(text: string, values?: unknown[]) {
          await client.query('begin');
          const answer = await client.query(text, values);
          const { rows } = await client.query(
            'select pg_current_xact_id_if_assigned()::text as id',
          );
          await client.query('commit');
          ids.push(rows[0]?.id);
          return answer;
        },
        release: (destroy?: Error | boolean) => client.release(destroy),
      };
    },
  };
  const idle = open({ pool: observing });
  await read(idle, ['s:a', 's:b']);
  expect(await claim(idle)).toBeUndefined();
  const stale = [
    unit({ documents: [change('s:a', 7)] }),
    unit({ documents: [change('s:b', 7)] }),
    unit({ documents: [change('s:c', 7)], messages: [message('3', { replaces: ['1'] })] }),
  ];
  expect((await idle.commit(stale)).isApplied).toEqual([false, false, false]);
  expect(await idle.settle(delivered({ ...held, lease: 'other' }))).toEqual({ isHeld: false });
  expect(await idle.endSilence('none')).toBe(false);
  expect(ids).toEqual([null, null, null, null, null]);
  await idle.commit([unit({ documents: [change('s:a', 1)] })]);
  expect(ids.at(-1)).toMatch(/^\d+$/);
});

it('asks as many statements as it says', async () => {
  const pool = db.pool({ max: 1 });
  const texts: string[] = [];
  const counting = {
    async connect() {
      const client = await pool.connect();
      return {
        query(text: string, values?: unknown[]) {
          texts.push(text);
          return client.query(text, values);
        },
        release: (destroy?: Error | boolean) => client.release(destroy),
      };
    },
  };
  const session = open({ pool: counting });
  const count = async (call: () => Promise<unknown>): Promise<number> => {
    const before = texts.length;
    await call();
    return texts.length - before;
  };
  expect(await count(() => session.commit([unit({ documents: [change('s:a', 0)] })]))).toBe(2);
  const full = unit({
    documents: [change('s:a', 1)],
    messages: [message('1')],
  });
  expect(await count(() => session.commit([full]))).toBe(1);
  expect(await count(() => read(session, ['s:a']))).toBe(1);
  const held = await claim(session);
  if (held === undefined) throw new Error('nothing was claimed');
  expect(await count(() => session.settle(delivered(held, 1)))).toBe(1);
  expect(await count(() => session.commit([]))).toBe(0);
  expect(texts.some((text) => /^\s*(?:begin|set|prepare)/i.test(text))).toBe(false);
});
