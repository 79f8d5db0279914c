import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createHealth } from '../../src/index.ts';
import { postgres } from '../../src/postgres/index.ts';
import { look, lookOnce } from './look.ts';
import { createRole } from './role.ts';

const db = useDatabase();
let pool: pg.Pool;

beforeEach(() => {
  pool = db.pool();
});

/** Sessions of the package in this file's database. */
async function ourSessions(of: pg.Pool = pool): Promise<number[]> {
  const { rows } = await of.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = '@ops/health' and datname = $1`,
    [new URL(db.url).pathname.slice(1)],
  );
  return rows.map(({ pid }) => pid);
}

const relations = [{ from: 'child.parent_id', to: 'parent.id' }];
const TABLES = `
  create table parent (id int primary key);
  create table child (id int primary key, parent_id int);
  insert into child values (1, 1)`;

describe('connections', () => {
  test('of the server, of a role with a limit, and of a database with one', async () => {
    expect(await lookOnce(postgres.connections(pool))).toMatchObject({
      status: 'pass',
      measurement: 'connections',
      message: expect.stringMatching(/connections of the server are in use/),
    });
    await using role = await createRole(db, pool, 'connection limit 2');
    const limited = role.pool({ max: 1 });
    const held = await limited.connect();
    // The check's own is the second of two.
    expect(await lookOnce(postgres.connections(limited))).toMatchObject({
      status: 'fail',
      code: 'saturated',
      value: 2,
      message: '2 of 2 connections of the role are in use, 0 are left',
      findings: [{ name: 'connection_slots', level: 'error', object: 'the role' }],
    });
    await pool.query(`alter role ${role.name} connection limit 20`);
    const thresholds = { warn: 0.1, fail: 1 };
    expect(await lookOnce(postgres.connections(limited, thresholds))).toMatchObject({
      status: 'warn',
      code: 'saturated',
    });
    const name = new URL(db.url).pathname.slice(1);
    await pool.query(
      `alter role ${role.name} connection limit -1; alter database ${name} connection limit 3`,
    );
    expect(await lookOnce(postgres.connections(limited))).toMatchObject({
      status: 'fail',
      findings: [{ object: 'the database' }],
    });
    await pool.query(`alter database ${name} connection limit -1`);
    held.release();
  });
});

describe('transactions', () => {
  test('a long one, and one that does nothing', async () => {
    const session = await pool.connect();
    expect(await lookOnce(postgres.transactions(pool))).toMatchObject({ status: 'pass' });
    await session.query('begin');
    expect(await lookOnce(postgres.transactions(pool, { warn: '1h' }))).toMatchObject({
      status: 'pass',
    });
    const found = await lookOnce(postgres.transactions(pool, { idle: 0.001, warn: '1h' }));
    expect(found).toMatchObject({
      status: 'warn',
      code: 'threshold',
      unit: 'ms',
      findings: [{ name: 'idle_in_transaction', level: 'warn' }],
    });
    expect(await lookOnce(postgres.transactions(pool, { warn: 0.001, fail: 0.002 }))).toMatchObject(
      { status: 'fail', code: 'threshold' },
    );
    // The remedy is one.
    session.on('error', () => {});
    await pool.query(found.findings?.[0]?.remediation ?? '');
    await expect(session.query('select 1')).rejects.toThrow(/terminat|not queryable/);
    session.release(true);
    await vi.waitFor(async () => {
      expect(await lookOnce(postgres.transactions(pool, { warn: 0.001 }))).toMatchObject({
        status: 'pass',
      });
    });
  });

  test('what a statement says is not told', async () => {
    const session = await pool.connect();
    await session.query(`begin; select 'canary'`);
    const found = await lookOnce(postgres.transactions(pool, { warn: 0.001 }));
    expect(found.findings).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('canary');
    await session.query('rollback');
    session.release();
  });

  test('sessions of others that cannot be seen are no pass; with the privilege they are', async () => {
    await using role = await createRole(db, pool);
    const nobody = role.pool();
    const session = await pool.connect();
    expect(await lookOnce(postgres.transactions(nobody))).toMatchObject({
      status: 'warn',
      code: 'insufficient_privilege',
      message: expect.stringMatching(/grant pg_read_all_stats$/),
    });
    await pool.query(`grant pg_read_all_stats to ${role.name}`);
    expect(await lookOnce(postgres.transactions(nobody))).toMatchObject({ status: 'pass' });
    session.release();
  });
});

describe('the connection', () => {
  test('is one for all checks of a pool, kept, and closed with the last of them; the pool is left alone', async () => {
    await pool.query(TABLES);
    const busy = db.pool({ max: 1 });
    const taken = await busy.connect();
    const health = createHealth({
      defaults: { timeout: '20s' },
      checks: {
        database: postgres.ping(busy),
        pool: postgres.pool(busy),
        connections: postgres.connections(busy),
        transactions: postgres.transactions(busy),
        replication: postgres.replication(busy),
        slots: postgres.slots(busy),
        wraparound: postgres.wraparound(busy),
        indexes: postgres.indexes(busy),
        constraints: postgres.constraints(busy),
        sequences: postgres.sequences(busy),
        consistency: postgres.consistency(busy, { relations }),
        schema: postgres.migrations(busy, { critical: false }),
      },
    });
    const { checks } = await health.check();
    expect(
      Object.fromEntries(
        Object.entries(checks).map(([name, { status, code }]) => [name, `${status} ${code}`]),
      ),
    ).toEqual({
      database: 'pass ok',
      pool: 'warn saturated',
      connections: 'pass ok',
      transactions: 'pass ok',
      replication: 'pass ok',
      slots: 'pass ok',
      wraparound: 'pass ok',
      indexes: 'pass ok',
      constraints: 'pass ok',
      sequences: 'pass ok',
      consistency: 'warn threshold',
      schema: 'warn bad_response',
    });
    expect([busy.waitingCount, busy.totalCount]).toEqual([0, 1]);
    // The ping has its own: it does not wait for the others.
    expect(await ourSessions()).toHaveLength(2);
    await health.stop();
    await vi.waitFor(async () => expect(await ourSessions()).toEqual([]));
    taken.release();
  });

  test('one check closed leaves it to the others; a closed check opens nothing', async () => {
    const [one, other] = [postgres.indexes(pool), postgres.constraints(pool)];
    await look(one);
    await look(other);
    const before = await ourSessions();
    expect(before).toHaveLength(1);
    await one.close?.();
    await look(other);
    expect(await ourSessions()).toEqual(before);
    await expect(look(one)).rejects.toThrow('The check was closed');
    await other.close?.();
    await vi.waitFor(async () => expect(await ourSessions()).toEqual([]));
    await postgres.indexes(pool).close?.();
  });

  test('a backend that was ended is replaced without a failure', async () => {
    const check = postgres.indexes(pool);
    await look(check);
    const [pid] = await ourSessions();
    await Promise.all([pool.query('select pg_terminate_backend($1)', [pid]), look(check)]);
    expect(await look(check)).toMatchObject({ status: 'pass' });
    await vi.waitFor(async () => expect(await ourSessions()).not.toContain(pid));
    await check.close?.();
  });

  test('leaves no setting, no transaction and no lock behind', async () => {
    const clients: pg.Client[] = [];
    class Spy extends pg.Client {
      constructor(config: object) {
        super(config);
        clients.push(this);
      }
    }
    const spied = { query: (text: string) => pool.query(text), options: pool.options, Client: Spy };
    const check = postgres.sequences(spied);
    await look(check);
    const { rows } = await (clients[0] as pg.Client).query(
      `select current_setting('statement_timeout') as a, current_setting('lock_timeout') as b,
        current_setting('transaction_read_only') as c, current_setting('row_security') as d,
        (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as e`,
    );
    expect(rows).toEqual([{ a: '0', b: '0', c: 'off', d: 'on', e: 0 }]);
    await check.close?.();
  });

  test('an aborted attempt ends the statement; what waited behind it is answered', async () => {
    await pool.query('create sequence s');
    const locker = await pool.connect();
    await locker.query('begin; alter sequence s maxvalue 10');
    const controller = new AbortController();
    const check = postgres.sequences(pool);
    const other = postgres.constraints(pool);
    const [blocked, impatient] = [new AbortController(), new AbortController()];
    controller.signal.addEventListener('abort', () => {});
    const first = look(check, { signal: blocked.signal });
    await vi.waitFor(async () => {
      const { rowCount } = await pool.query(
        `select from pg_stat_activity where application_name = '@ops/health' and wait_event_type = 'Lock' and datname = current_database()`,
      );
      expect(rowCount).toBe(1);
    });
    const second = look(other, { signal: impatient.signal });
    const third = look(other);
    // It was never begun, so what is before it goes on.
    const given = new Error('enough');
    impatient.abort(given);
    await expect(second).rejects.toMatchObject({ outcome: 'error', cause: given });
    blocked.abort(new Error('no more'));
    await expect(first).rejects.toMatchObject({ code: 'ERR_OPS_CHECK_FAILED' });
    expect(await third).toMatchObject({ status: 'pass' });
    await locker.query('rollback');
    locker.release();
    await check.close?.();
    await other.close?.();
    await vi.waitFor(async () => expect(await ourSessions()).toEqual([]));
  });

  test('does not keep the process alive, which lives until it is closed when somebody waits for that', async () => {
    const program = `
      import pg from 'pg';
      import { postgres } from '@ops/health/postgres';
      const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
      const run = async (check) => check.run({ signal: new AbortController().signal, timeoutMs: 20000, name: 'it', attempt: 1 });
      const closed = [postgres.indexes(pool), postgres.ping(pool)];
      for (const check of closed) { await run(check); await check.close(); }
      console.log((await run(postgres.indexes(pool))).status);
      await run(postgres.ping(pool));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      {
        cwd: new URL('../..', import.meta.url),
        env: { ...process.env, DATABASE_URL: db.url },
      },
    );
    expect(stdout).toBe('pass\n');
  });

  test('no server: the code of the ping, and nothing is left', async () => {
    const nowhere = new pg.Pool({ connectionString: 'postgres://a:b@127.0.0.1:1/c' });
    await expect(lookOnce(postgres.indexes(nowhere))).rejects.toMatchObject({ outcome: 'refused' });
    await nowhere.end();
  });

  test('an answer that is not that of a server', async () => {
    class Odd {
      connect = async () => {};
      query = async () => ({ rows: [] });
      end = async () => {};
      on = () => this;
    }
    const odd = { query: async () => ({ rows: [] }), options: {}, Client: Odd };
    await expect(lookOnce(postgres.indexes(odd))).rejects.toMatchObject({ outcome: 'error' });
  });
});
