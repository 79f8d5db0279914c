import pg from 'pg';
import { beforeEach, expect, test, vi } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { diagnose, formatDiagnosis } from '../../src/postgres/index.ts';
import { createRole } from './role.ts';
import { stallingProxy } from './stalling-proxy.ts';

const db = useDatabase();
let pool: pg.Pool;

beforeEach(() => {
  pool = db.pool();
});

const relations = [{ from: 'child.parent_id', to: 'parent.id' }];

/** The server is everybody's: what other tests do on it is not looked at. */
const OWN = [
  'indexes',
  'constraints',
  'sequences',
  'disabledTriggers',
  'keylessTables',
  'duplicateIndexes',
  'unusedIndexes',
  'unindexedForeignKeys',
  'deadRows',
  'migrations',
  'consistency',
] as const;

test('a sound database: nothing', async () => {
  await pool.query(`
    create table parent (id int primary key);
    create table child (id int primary key, parent_id int references parent);
    create index on child (parent_id)`);
  const report = await diagnose(pool, { checks: OWN, relations });
  expect(report).toMatchObject({
    level: 'ok',
    findings: [],
    server: { role: 'primary', database: new URL(db.url).pathname.slice(1) },
  });
  expect(report.time).toBeInstanceOf(Date);
  expect(Math.abs(report.time.getTime() - Date.now())).toBeLessThan(60_000);
  expect(report.examinations.map(({ check }) => check)).toEqual(
    OWN.filter((check) => check !== 'migrations'),
  );
  expect(formatDiagnosis(report)).toContain('\nNothing found.\n');
});

test('every kind of advice, from a database that needs it', async () => {
  await pool.query(`
    create table parent (id int primary key);
    create table child (id int primary key, parent_id int references parent, note text) with (autovacuum_enabled = off);
    create table keyless (a int);
    create index one on child (note);
    create unique index "Two" on child (note) where note is not null;
    create index three on child (note);
    create index four on child (id);
    create table "odd\ttable" (id int primary key, a int);
    create index odd on "odd\ttable" (a);
    create function nothing() returns trigger language plpgsql as 'begin return new; end';
    create trigger audit before insert on child for each row execute function nothing();
    insert into "odd\ttable" select i, i % 7 from generate_series(1, 200000) i;
    alter table child disable trigger all;
    insert into child select i, i, i from generate_series(1, 12000) i;
    delete from child where id > 20`);
  await vi.waitFor(async () => {
    const { rows } = await pool.query(
      `select n_dead_tup::int as dead from pg_stat_user_tables where relname = 'child' and schemaname = $1`,
      [db.schema],
    );
    expect(rows).toEqual([{ dead: 11_980 }]);
  }, 15_000);
  const report = await diagnose(pool, { checks: OWN, relations });
  const at = (name: string) =>
    report.findings
      .filter((one) => one.name === name)
      .map(({ level, object, remediation }) => [
        level,
        object?.replaceAll(db.schema, 's'),
        remediation?.replaceAll(db.schema, 's'),
      ]);
  expect(at('disabled_foreign_key')[0]).toEqual([
    'error',
    's.child, child_parent_id_fkey',
    'alter table s.child enable trigger all; -- then look for rows that break it',
  ]);
  expect(at('disabled_trigger')).toEqual([
    ['warn', 's.child, audit', 'alter table s.child enable trigger audit;'],
  ]);
  expect(at('table_without_primary_key')).toMatchObject([
    ['info', 's.keyless', expect.any(String)],
  ]);
  expect(at('duplicate_index')).toEqual([
    ['warn', 's.three', 'drop index concurrently s.three;'],
    ['warn', 's.four', 'drop index concurrently s.four;'],
  ]);
  expect(at('unused_index')).toMatchObject([
    ['info', 's.odd', expect.stringContaining('drop index concurrently s.odd;')],
  ]);
  expect(at('foreign_key_without_index')).toEqual([
    ['info', 's.child, child_parent_id_fkey', 'create index concurrently on s.child (parent_id);'],
  ]);
  expect(at('dead_rows')).toMatchObject([
    ['warn', 's.child', expect.stringMatching(/^vacuum \(analyze\) s\.child;/)],
  ]);
  expect(at('dangling_reference')).toHaveLength(1);
  expect(report.level).toBe('error');
  const ranks = report.findings.map(({ level }) => ['error', 'warn', 'info'].indexOf(level));
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  // Each remedy that is a statement is one, as it stands.
  for (const { remediation = '' } of report.findings) {
    if (/^(alter|drop|create|vacuum|reindex)/.test(remediation)) await pool.query(remediation);
  }
  const after = await diagnose(pool, {
    checks: ['disabledTriggers', 'duplicateIndexes', 'unindexedForeignKeys', 'keylessTables'],
  });
  expect(after.level).toBe('ok');
});

test('what may not be read, or takes too long, is a finding, and the rest goes on', async () => {
  await pool.query('create sequence s; create table migrations (a int)');
  await using role = await createRole(db, pool);
  const locker = await pool.connect();
  const report = await diagnose(role.pool(), {
    checks: ['sequences', 'constraints', 'migrations'],
    migrations: { table: `${db.schema}.migrations` },
  });
  expect(report.findings).toMatchObject([
    { check: 'migrations', name: 'migration_history', level: 'error' },
    {
      check: 'sequences',
      name: 'not_examined',
      level: 'warn',
      detail: expect.stringMatching(/^insufficient_privilege: 1 sequences/),
    },
  ]);
  await locker.query('begin; alter sequence s maxvalue 10');
  const blocked = await diagnose(pool, { checks: ['sequences', 'constraints'], timeout: '300ms' });
  expect(blocked.findings).toMatchObject([
    {
      check: 'sequences',
      name: 'not_examined',
      level: 'error',
      detail: expect.stringMatching(/^timeout: /),
    },
  ]);
  expect(blocked.examinations).toMatchObject([
    { code: 'timeout' },
    { check: 'constraints', status: 'pass' },
  ]);
  await locker.query('rollback');
  locker.release();
});

test('an abort ends it, and it leaves no session', async () => {
  await pool.query('create sequence s');
  const locker = await pool.connect();
  await locker.query('begin; alter sequence s maxvalue 10');
  const controller = new AbortController();
  const given = new Error('never mind');
  const diagnosis = diagnose(pool, { checks: ['sequences'], signal: controller.signal });
  await vi.waitFor(async () => {
    const waiting = await pool.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    expect(waiting.rowCount).toBe(1);
  }, 5_000);
  controller.abort(given);
  await expect(diagnosis).rejects.toBe(given);
  await locker.query('rollback');
  locker.release();
  await vi.waitFor(async () => {
    const left = await pool.query(
      `select from pg_stat_activity where application_name = '@ops/health' and datname = current_database()`,
    );
    expect(left.rowCount).toBe(0);
  }, 5_000);
  await expect(diagnose(pool, { signal: AbortSignal.abort(given) })).rejects.toBe(given);
});

test('no server: the code', async () => {
  const nowhere = new pg.Pool({ connectionString: 'postgres://a:b@127.0.0.1:1/c' });
  await expect(diagnose(nowhere)).rejects.toMatchObject({
    code: 'ERR_OPS_CHECK_FAILED',
    outcome: 'refused',
  });
  await nowhere.end();
});

test('a server that has taken the connection and says nothing: timeout, and no hang', async () => {
  const { hostname: host, port } = new URL(db.url);
  const proxy = await stallingProxy({ host, port: Number(port) });
  const through = Object.assign(new URL(db.url), { host: `127.0.0.1:${proxy.port}` });
  const stalled = new pg.Pool({ connectionString: through.href });
  proxy.stall();
  await expect(diagnose(stalled, { timeout: '50ms' })).rejects.toMatchObject({
    code: 'ERR_OPS_CHECK_FAILED',
    outcome: 'timeout',
  });
  await stalled.end();
  await proxy.close();
});
