import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createHealth } from '../../src/index.ts';
import { type PingOptions, type PostgresPool, postgres } from '../../src/postgres/index.ts';
import { manualClock } from '../manual-clock.ts';
import { stallingProxy } from './stalling-proxy.ts';

const db = useDatabase();

/** A ttl so short that every check() asks anew, and a limit that a loaded machine keeps. */
function healthOf(pool: PostgresPool, options: PingOptions = {}) {
  return createHealth({
    checks: { database: postgres.ping(pool, { ttl: 0.001, timeout: '20s', ...options }) },
  });
}

/** Backends that serve the check's connections, by the name it connects under. */
async function connectionPids(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    `select pid
     from pg_stat_activity
     where application_name = '@ops/health' and datname = $1`,
    [new URL(db.url).pathname.slice(1)],
  );
  return rows.map(({ pid }) => pid);
}

test('an exhausted pool does not matter, and one connection is kept and then closed', async () => {
  const pool = db.pool({ max: 1 });
  const taken = await pool.connect();
  const health = healthOf(pool);
  for (let index = 0; index < 3; index += 1) {
    expect((await health.check()).checks.database).toMatchObject({ status: 'pass', code: 'ok' });
  }
  expect(pool.waitingCount).toBe(0);
  taken.release();
  const pids = await connectionPids(pool);
  expect(pids).toHaveLength(1);
  await health.check();
  expect(await connectionPids(pool)).toEqual(pids);
  await health.stop();
  await vi.waitFor(async () => expect(await connectionPids(pool)).toEqual([]));
});

test('nothing is opened before the first attempt, and nothing after stop', async () => {
  const pool = db.pool();
  const health = healthOf(pool);
  expect(await connectionPids(pool)).toEqual([]);
  await health.stop();
  await health.check();
  expect(await connectionPids(pool)).toEqual([]);
});

test('a terminated backend is noticed and replaced without a failure', async () => {
  const pool = db.pool();
  const health = healthOf(pool);
  await health.check();
  const [before] = await connectionPids(pool);
  // Not awaited between: the check may use the connection before it knows.
  const [, report] = await Promise.all([
    pool.query('select pg_terminate_backend($1)', [before]),
    health.check(),
  ]);
  expect(report.status).toBe('pass');
  expect((await health.check()).status).toBe('pass');
  await vi.waitFor(async () => {
    const pids = await connectionPids(pool);
    expect(pids).toHaveLength(1);
    expect(pids).not.toContain(before);
  });
  await health.stop();
});

test('a statement without an answer: timeout, no connection left, and the next attempt recovers', async () => {
  const { hostname: host, port } = new URL(db.url);
  const proxy = await stallingProxy({ host, port: Number(port) });
  const url = new URL(db.url);
  url.port = String(proxy.port);
  const pool = db.pool();
  const clock = manualClock();
  const through = new pg.Pool({ connectionString: url.href });
  const health = createHealth({ checks: { database: postgres.ping(through) }, clock });
  expect((await health.check()).status).toBe('pass');

  proxy.stall();
  await clock.advance(5_000);
  const report = health.check();
  await proxy.swallowed;
  await clock.advance(1_000);
  expect((await report).checks.database.code).toBe('timeout');
  await vi.waitFor(async () => {
    expect(health.report().checks.database.running).toBe(false);
    expect(await connectionPids(pool)).toEqual([]);
  });
  await health.stop();
  await through.end();
  await proxy.close();
});

test('a connection that is never answered: timeout, and the socket is closed', async () => {
  const { hostname: host, port } = new URL(db.url);
  const proxy = await stallingProxy({ host, port: Number(port) });
  proxy.stall();
  const url = new URL(db.url);
  url.port = String(proxy.port);
  const clock = manualClock();
  const through = new pg.Pool({ connectionString: url.href });
  const health = createHealth({ checks: { database: postgres.ping(through) }, clock });
  const report = health.check();
  await proxy.swallowed;
  await clock.advance(1_000);
  expect((await report).checks.database.code).toBe('timeout');
  await vi.waitFor(() => expect(health.report().checks.database.running).toBe(false));
  await health.stop();
  await through.end();
  await proxy.close();
});

test('a statement that waits for a lock: timeout, and the server ends it by itself', async () => {
  const pool = db.pool();
  const locker = await pool.connect();
  // In another database, whose catalog is not locked.
  const observer = db.pool({ connectionString: new URL('/postgres', db.url).href, max: 1 });
  const health = healthOf(pool, { timeout: '1s' });
  try {
    // New sessions look up functions here, so the ping's statement waits.
    await locker.query('begin; lock table pg_catalog.pg_proc in access exclusive mode');
    expect((await health.check()).checks.database).toMatchObject({
      status: 'fail',
      code: 'timeout',
    });
    await vi.waitFor(async () => expect(await connectionPids(observer)).toEqual([]), 10_000);
  } finally {
    await locker.query('rollback');
    locker.release();
  }
  await vi.waitFor(async () => expect((await health.check()).status).toBe('pass'));
  await health.stop();
});

describe('codes', () => {
  const codeWith = async (config: pg.PoolConfig) => {
    const pool = new pg.Pool(config);
    const health = healthOf(pool);
    const { code } = (await health.check()).checks.database;
    await health.stop();
    await pool.end();
    return code;
  };

  test('nothing listens: refused', async () => {
    const { port, close } = await stallingProxy({ host: '127.0.0.1', port: 1 });
    await close();
    expect(await codeWith({ connectionString: `postgres://a:b@127.0.0.1:${port}/c` })).toBe(
      'refused',
    );
  });

  test('no such Unix socket: refused', async () => {
    expect(await codeWith({ host: '/nowhere', user: 'a', database: 'b' })).toBe('refused');
  });

  test('a name that does not resolve: dns', async () => {
    expect(await codeWith({ connectionString: 'postgres://a:b@nothing.invalid/c' })).toBe('dns');
  });

  test('a wrong password, or none: auth', async () => {
    const { hostname: host, port, username: user } = new URL(db.url);
    const settings = { host, port: Number(port), user, database: 'postgres' };
    expect(await codeWith({ ...settings, password: 'wrong' })).toBe('auth');
    expect(await codeWith({ ...settings, password: '' })).toBe('auth');
  });

  test('TLS with a server that does not offer it: tls', async () => {
    expect(await codeWith({ connectionString: db.url, ssl: true })).toBe('tls');
  });

  test('no connection left for the role: saturated', async () => {
    const pool = db.pool();
    const role = `role_${new URL(db.url).pathname.slice(1)}`;
    await pool.query(`create role ${role} login password 'secret' connection limit 0`);
    const url = new URL(db.url);
    url.username = role;
    url.password = 'secret';
    expect(await codeWith({ connectionString: url.href })).toBe('saturated');
    await pool.query(`drop role ${role}`);
  });
});

test('a server that takes no writes: bad_response, unless any role will do', async () => {
  const pool = db.pool({ options: '-c default_transaction_read_only=on' });
  const primary = healthOf(pool);
  expect((await primary.check()).checks.database).toMatchObject({
    code: 'bad_response',
    message: 'expected a server that takes writes; it is read-only',
  });
  // Not kept: after a failover the name may lead to the new primary.
  await vi.waitFor(async () => expect(await connectionPids(pool)).toEqual([]));
  await primary.stop();
  const any = healthOf(pool, { role: 'any' });
  expect((await any.check()).status).toBe('pass');
  await any.stop();
});

test('the password is taken from where the pool hides it', async () => {
  const url = new URL(db.url);
  const pool = new pg.Pool({
    host: url.hostname,
    port: Number(url.port),
    user: url.username,
    password: url.password,
    database: url.pathname.slice(1),
  });
  expect(Object.keys(pool.options)).not.toContain('password');
  const health = healthOf(pool);
  expect((await health.check()).status).toBe('pass');
  await health.stop();
  await pool.end();
});

test('a pool that is no pg.Pool is asked by its query', async () => {
  const pool = db.pool();
  const query = vi.fn((text: string) => pool.query(text));
  const health = healthOf({ query });
  expect((await health.check()).status).toBe('pass');
  query.mockRejectedValueOnce(new Error('timeout exceeded when trying to connect'));
  expect((await health.check()).code).toBe('saturated');
  query.mockResolvedValueOnce({ rows: [] } as unknown as pg.QueryResult);
  expect((await health.check()).code).toBe('bad_response');
  expect(await connectionPids(pool)).toEqual([]);
  await health.stop();
});

test('nothing is left of the limit on a connection', async () => {
  const pool = db.pool();
  const seen: string[] = [];
  class Spy extends pg.Client {
    override query(...args: unknown[]): never {
      return (async () => {
        const result: unknown = await Reflect.apply(super.query, this, args);
        const { rows } = await super.query<{ statement_timeout: string }>('show statement_timeout');
        seen.push(String(rows[0]?.statement_timeout));
        return result;
      })() as never;
    }
  }
  const health = healthOf({
    query: (text) => pool.query(text),
    options: pool.options,
    Client: Spy,
  });
  expect((await health.check()).status).toBe('pass');
  expect(seen).toEqual(['0']);
  await health.stop();
});

test('a kept connection does not keep the process alive', async () => {
  const program = `
    import pg from 'pg';
    import { createHealth } from '@ops/health';
    import { postgres } from '@ops/health/postgres';
    const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
    const health = createHealth({ checks: { database: postgres.ping(pool, { timeout: '20s' }) } });
    console.log((await health.check()).status);
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { cwd: new URL('../..', import.meta.url), env: { ...process.env, DATABASE_URL: db.url } },
  );
  expect(stdout).toBe('pass\n');
});
