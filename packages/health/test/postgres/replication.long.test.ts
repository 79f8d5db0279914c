/**
 * What concerns a whole server: on two of its own, a primary and its standby, since the other tests
 * share one. `TEST_POSTGRES_BIN` names the folder of the binaries of another version.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  startTemporaryPostgres,
  type TemporaryPostgres,
} from '../../../../test/temporary-postgres.ts';
import type { CheckSpec } from '../../src/index.ts';
import { diagnose, postgres } from '../../src/postgres/index.ts';
import { look, lookOnce } from './look.ts';
import { createStandby, type Standby } from './standby.ts';

let server: TemporaryPostgres;
let standby: Standby;
let primary: pg.Pool;
let replica: pg.Pool;
const checks: CheckSpec[] = [];

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => {});
  return pool;
}

/** Closed after the test, however it ends. */
function kept<Check extends CheckSpec>(check: Check): Check {
  checks.push(check);
  return check;
}

beforeAll(async () => {
  server = await startTemporaryPostgres({
    binaries: process.env['TEST_POSTGRES_BIN'],
    settings: {
      fsync: 'off',
      autovacuum_freeze_max_age: '100000',
      max_prepared_transactions: '2',
    },
  });
  standby = await createStandby(server.url);
});
afterAll(async () => {
  await standby?.remove();
  await server?.stop();
});

beforeEach(() => {
  primary = poolOf(server.url);
  replica = poolOf(standby.url);
});
afterEach(async () => {
  for (const check of checks.splice(0)) await check.close?.();
  await primary.end();
  await replica.end();
});

async function streaming(): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await replica.query('select status from pg_stat_wal_receiver');
    expect(rows).toEqual([{ status: 'streaming' }]);
  }, 15_000);
}

describe('replication', () => {
  test('streaming: both sides pass, and standbys are counted', async () => {
    await streaming();
    expect(await lookOnce(postgres.replication(replica))).toMatchObject({
      status: 'pass',
      unit: 'bytes',
    });
    expect(await lookOnce(postgres.replication(primary, { standbys: 1 }))).toMatchObject({
      status: 'pass',
    });
    expect(await lookOnce(postgres.replication(primary, { standbys: 2 }))).toMatchObject({
      status: 'fail',
      code: 'threshold',
      findings: [{ name: 'standby_missing', level: 'error' }],
    });
  });

  test('a replica that receives nothing fails, though it has replayed all it has', async () => {
    await replica.query(`alter system set primary_conninfo = ''`);
    await replica.query('select pg_reload_conf()');
    await vi.waitFor(async () => {
      expect((await replica.query('select from pg_stat_wal_receiver')).rowCount).toBe(0);
    });
    expect(await lookOnce(postgres.replication(replica))).toMatchObject({
      status: 'fail',
      code: 'refused',
      findings: [{ name: 'replica_disconnected', level: 'error' }],
    });
    await replica.query('alter system reset primary_conninfo');
    await replica.query('select pg_reload_conf()');
    await streaming();
    expect(await lookOnce(postgres.replication(replica))).toMatchObject({ status: 'pass' });
  });

  test('replay that stands still: seen from the second look on, then fails', async () => {
    await replica.query('select pg_wal_replay_pause()');
    const check = kept(postgres.replication(replica, { warn: 1, fail: 2 }));
    await primary.query('create table moved (a int)');
    await vi.waitFor(async () => {
      expect(await look(check)).toMatchObject({
        status: 'fail',
        code: 'threshold',
        findings: [{ name: 'replay_paused', remediation: 'select pg_wal_replay_resume();' }],
      });
    });
    // With thresholds that are not reached, that it is paused is still told.
    expect(await lookOnce(postgres.replication(replica))).toMatchObject({ status: 'warn' });
    await replica.query('select pg_wal_replay_resume()');
    await vi.waitFor(async () =>
      expect(await look(check)).toMatchObject({ status: 'pass', value: 0 }),
    );
    // However much: by bytes alone.
    await replica.query('select pg_wal_replay_pause()');
    await primary.query('insert into moved select generate_series(1, 1000)');
    const strict = kept(postgres.replication(replica, { maxBytes: 1 }));
    await vi.waitFor(async () => expect(await look(strict)).toMatchObject({ status: 'fail' }));
    await replica.query('select pg_wal_replay_resume()');
  });

  test('a role that may not see it: no pass on either side', async () => {
    await primary.query(`create role nobody login password 'x'`);
    await vi.waitFor(async () => {
      expect((await replica.query(`select from pg_roles where rolname = 'nobody'`)).rowCount).toBe(
        1,
      );
    });
    for (const url of [server.url, standby.url].map((href) => new URL(href))) {
      url.username = 'nobody';
      url.password = 'x';
      const pool = poolOf(url.href);
      expect(await lookOnce(postgres.replication(pool))).toMatchObject({
        status: 'warn',
        code: 'insufficient_privilege',
      });
      await pool.end();
    }
  });
});

test('on a replica the sequences of unlogged tables are left out, and all is read-only', async () => {
  await primary.query(
    "create unlogged table u (id serial); insert into u default values; create table l (id smallserial); select setval('l_id_seq', 32000)",
  );
  await vi.waitFor(async () => {
    expect((await replica.query(`select from pg_class where relname = 'l'`)).rowCount).toBe(1);
  });
  expect(await lookOnce(postgres.sequences(replica))).toMatchObject({
    status: 'fail',
    findings: [{ object: 'public.l_id_seq' }],
  });
  const report = await diagnose(replica);
  expect(report.server.role).toBe('replica');
  expect(report.findings.filter(({ name }) => name === 'not_examined')).toEqual([]);
  // A lock of this kind is each server's own.
  await primary.query(
    'create table p (id int primary key); create table c (id int primary key, p_id int); insert into c values (1, 1)',
  );
  const relations = [{ from: 'c.p_id', to: 'p.id' }];
  await vi.waitFor(async () => {
    expect(await lookOnce(postgres.consistency(replica, { relations }))).toMatchObject({
      status: 'warn',
      value: 1,
    });
  });
});

describe('slots', () => {
  afterEach(async () => {
    await primary.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
  });

  test('one that nobody reads holds back more and more', async () => {
    expect(await lookOnce(postgres.slots(primary))).toMatchObject({ status: 'pass', value: 0 });
    await primary.query(`select pg_create_physical_replication_slot('idle', true)`);
    await primary.query('create table w as select generate_series(1, 10000) as a; drop table w');
    const found = await lookOnce(postgres.slots(primary, { warn: 1_000 }));
    expect(found).toMatchObject({
      status: 'warn',
      code: 'threshold',
      findings: [
        {
          name: 'slot_retention',
          level: 'warn',
          object: 'idle',
          remediation: `Start its consumer again, or: select pg_drop_replication_slot('idle');`,
        },
      ],
    });
    expect(await lookOnce(postgres.slots(primary, { warn: 1_000, fail: 2_000 }))).toMatchObject({
      status: 'fail',
    });
    expect(await lookOnce(postgres.slots(primary))).toMatchObject({ status: 'pass' });
  });

  test('one whose WAL is gone', async () => {
    await primary.query(`select pg_create_physical_replication_slot('late', true)`);
    await primary.query(`alter system set max_slot_wal_keep_size = '1MB'`);
    await primary.query('select pg_reload_conf()');
    for (let segment = 0; segment < 3; segment += 1) {
      await primary.query('create table if not exists w (a int)');
      await primary.query('insert into w values (1)');
      await primary.query('select pg_switch_wal()');
    }
    // Or the standby would miss what is removed now.
    await vi.waitFor(async () => {
      const behind = await primary.query(
        'select from pg_stat_replication where replay_lsn < pg_current_wal_lsn()',
      );
      expect(behind.rowCount).toBe(0);
    });
    await vi.waitFor(async () => {
      await primary.query('checkpoint');
      expect(await lookOnce(postgres.slots(primary))).toMatchObject({
        status: 'fail',
        findings: [{ name: 'slot_lost', level: 'error', object: 'late' }],
      });
    });
    await primary.query('alter system reset all');
    await primary.query('select pg_reload_conf()');
  });
});

test('a transaction that was prepared and forgotten', async () => {
  await primary.query(`begin; create table two (a int); prepare transaction 'it''s'`);
  expect(await lookOnce(postgres.transactions(primary))).toMatchObject({ status: 'pass' });
  const found = await lookOnce(postgres.transactions(primary, { prepared: 0.001 }));
  expect(found).toMatchObject({
    status: 'warn',
    findings: [{ name: 'prepared_transaction', object: `it's` }],
  });
  await primary.query(found.findings?.[0]?.remediation ?? '');
  expect(await lookOnce(postgres.transactions(primary, { prepared: 0.001 }))).toMatchObject({
    status: 'pass',
  });
});

test('vacuum that does not keep up: 1.5 times the setting of the server', async () => {
  expect(await lookOnce(postgres.wraparound(primary))).toMatchObject({
    status: 'pass',
    findings: [],
  });
  // An old transaction keeps what vacuum would freeze.
  const old = await primary.connect();
  await old.query('begin; select pg_current_xact_id()');
  await primary.query('create table burnt (a int)');
  // Each block with an exception clause takes an id as soon as it writes.
  await primary.query(`do $$ begin
    for i in 1..151000 loop
      begin
        insert into burnt values (1);
      exception when division_by_zero then null;
      end;
    end loop;
  end $$`);
  const found = await lookOnce(postgres.wraparound(primary));
  expect(found).toMatchObject({
    status: 'warn',
    code: 'threshold',
    unit: 'ids left',
    findings: [{ name: 'wraparound', level: 'warn' }],
  });
  expect(
    await lookOnce(postgres.wraparound(primary, { left: 2_000_000_000, warn: 10 })),
  ).toMatchObject({ status: 'pass' });
  await old.query('rollback');
  old.release();
});

describe('ping', () => {
  test('asks for the role it was told', async () => {
    expect(await lookOnce(postgres.ping(replica, { role: 'replica' }))).toBeUndefined();
    expect(await lookOnce(postgres.ping(primary))).toBeUndefined();
    await expect(lookOnce(postgres.ping(replica))).rejects.toMatchObject({
      outcome: 'bad_response',
      message: 'expected a server that takes writes; it is a replica',
    });
    await expect(lookOnce(postgres.ping(primary, { role: 'replica' }))).rejects.toMatchObject({
      outcome: 'bad_response',
      message: 'expected a replica; it is a primary',
    });
  });

  test('a server that is restarted: refused while it is away, and one connection afterwards', async () => {
    const [check, other] = [
      kept(postgres.ping(replica, { role: 'any' })),
      kept(postgres.indexes(replica)),
    ];
    await look(check);
    await look(other);
    await standby.stop();
    for (const run of [look(check), look(other), look(check)]) {
      await expect(run).rejects.toMatchObject({ outcome: 'refused' });
    }
    await standby.start();
    expect(await look(check)).toBeUndefined();
    expect(await look(other)).toMatchObject({ status: 'pass' });
    const sessions = await replica.query(
      `select from pg_stat_activity where application_name = '@ops/health'`,
    );
    expect(sessions.rowCount).toBe(2);
  });

  test('a failover: the old check follows the role, on a connection made anew', async () => {
    const [isPrimary, isReplica] = [
      kept(postgres.ping(replica)),
      kept(postgres.ping(replica, { role: 'replica' })),
    ];
    await expect(look(isPrimary)).rejects.toMatchObject({ outcome: 'bad_response' });
    expect(await look(isReplica)).toBeUndefined();
    await replica.query('select pg_promote(true, 20)');
    expect(await look(isPrimary)).toBeUndefined();
    await expect(look(isReplica)).rejects.toMatchObject({ outcome: 'bad_response' });
    const sessions = await replica.query(
      `select from pg_stat_activity where application_name = '@ops/health'`,
    );
    expect(sessions.rowCount).toBeLessThanOrEqual(2);
  });
});
