import type pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createHealth } from '../../src/index.ts';
import { postgres } from '../../src/postgres/index.ts';
import { lookOnce } from './look.ts';
import { createRole } from './role.ts';

const db = useDatabase();
let pool: pg.Pool;

beforeEach(() => {
  pool = db.pool();
});

async function serverVersion(): Promise<number> {
  const { rows } = await pool.query<{ version: string }>(
    `select current_setting('server_version_num') as version`,
  );
  return Number(rows[0]?.version);
}

describe('indexes', () => {
  test('a unique index that could not be built, and what a rebuild left', async () => {
    await pool.query(
      'create table t (id int primary key, a int); insert into t values (1, 1), (2, 1)',
    );
    expect(await lookOnce(postgres.indexes(pool))).toMatchObject({ status: 'pass', value: 0 });
    await expect(pool.query('create unique index concurrently "Odd" on t (a)')).rejects.toThrow(
      /could not create unique index/,
    );
    await expect(
      pool.query('create unique index concurrently odd_ccnew1 on t (a)'),
    ).rejects.toThrow(/could not create unique index/);
    expect(await lookOnce(postgres.indexes(pool))).toMatchObject({
      status: 'warn',
      code: 'threshold',
      value: 2,
      findings: [
        {
          name: 'invalid_index',
          object: `${db.schema}."Odd"`,
          remediation: `reindex index concurrently ${db.schema}."Odd"; -- or drop index concurrently ${db.schema}."Odd";`,
        },
        { name: 'leftover_index', remediation: `drop index concurrently ${db.schema}.odd_ccnew1;` },
      ],
    });
  });

  test('one that is being built does not count', async () => {
    await pool.query('create table t (a int)');
    const writer = await pool.connect();
    await writer.query('begin; insert into t values (1)');
    // Waits for the writer, and its index is in the catalog meanwhile.
    const build = pool.query('create index concurrently built on t (a)');
    await expect
      .poll(
        async () =>
          (
            await pool.query(
              `select from pg_index where indexrelid = to_regclass('built') and not indisvalid`,
            )
          ).rowCount,
        { timeout: 10_000 },
      )
      .toBe(1);
    expect(await lookOnce(postgres.indexes(pool))).toMatchObject({ status: 'pass', value: 0 });
    // Nobody else may know what the build is about, and the lock on the table tells nothing.
    await using role = await createRole(db, pool);
    const nobody = role.pool();
    expect(await lookOnce(postgres.indexes(nobody))).toMatchObject({
      status: 'warn',
      code: 'insufficient_privilege',
    });
    await writer.query('rollback');
    writer.release();
    await build;
    expect(await lookOnce(postgres.indexes(nobody))).toMatchObject({ status: 'pass' });
  });

  test('that of a partitioned table without all of its parts is told, and is no warning', async () => {
    await pool.query(
      'create table t (a int) partition by list (a); create table t1 partition of t for values in (1); create index part on only t (a)',
    );
    expect(await lookOnce(postgres.indexes(pool))).toMatchObject({
      status: 'pass',
      findings: [{ name: 'partitioned_index_incomplete', level: 'info' }],
    });
  });
});

describe('constraints', () => {
  test('those not validated, of tables and domains; not the copies, not those not enforced', async () => {
    await pool.query(`
      create table parent (id int primary key);
      create table child (parent_id int, a int) partition by list (a);
      create table child1 partition of child for values in (1);
      alter table child add constraint good check (a > 0)`);
    expect(await lookOnce(postgres.constraints(pool))).toMatchObject({ status: 'pass', value: 0 });
    await pool.query(`
      alter table child add constraint "Bad" check (a > 1) not valid;
      create table plain (parent_id int);
      alter table plain add constraint fk foreign key (parent_id) references parent not valid;
      create domain positive as int;
      alter domain positive add constraint above check (value > 0) not valid`);
    const isNew = (await serverVersion()) >= 180_000;
    if (isNew) {
      await pool.query(`
        alter table child add constraint never check (a > 2) not enforced;
        alter table plain add constraint filled not null parent_id not valid`);
    }
    const found = await lookOnce(postgres.constraints(pool));
    expect(found).toMatchObject({ status: 'warn', code: 'threshold', value: isNew ? 4 : 3 });
    expect(found.findings?.map(({ remediation }) => remediation).toSorted()).toEqual(
      [
        `alter domain ${db.schema}.positive validate constraint above;`,
        `alter table ${db.schema}.child validate constraint "Bad";`,
        `alter table ${db.schema}.plain validate constraint fk;`,
        ...(isNew ? [`alter table ${db.schema}.plain validate constraint filled;`] : []),
      ].toSorted(),
    );
    for (const { remediation } of found.findings ?? []) await pool.query(remediation ?? '');
    expect(await lookOnce(postgres.constraints(pool))).toMatchObject({ status: 'pass' });
  });
});

describe('sequences', () => {
  const used = async (sql: string) => {
    await pool.query(sql);
    const { status, code, value, findings } = await lookOnce(postgres.sequences(pool));
    return {
      status,
      code: code ?? 'ok',
      value: Math.round(Number(value) * 1e4) / 1e4,
      detail: findings?.[0]?.detail,
    };
  };

  test('a bigint sequence in the default of an integer column', async () => {
    expect(
      await used(`create sequence s; create table t (id int default nextval('s'))`),
    ).toMatchObject({ status: 'pass', value: 0 });
    expect(await used(`select setval('s', 2100000000)`)).toEqual({
      status: 'fail',
      code: 'threshold',
      value: 0.9779,
      detail: `At 2100000000 of 2147483647, where ${db.schema}.t.id ends: 97.78 % is used, 47483647 values are left`,
    });
    expect(await used('alter table t alter id type bigint')).toMatchObject({
      status: 'pass',
      value: 0,
    });
  });

  test('a serial whose column was made smaller; past its end', async () => {
    expect(
      await used(
        `create table t (id bigserial); select setval('t_id_seq', 30000); alter table t alter id type smallint`,
      ),
    ).toMatchObject({ status: 'warn', value: 0.9156 });
    expect(await used(`select setval('t_id_seq', 65534)`)).toMatchObject({
      status: 'fail',
      value: 2,
    });
  });

  test('an identity, its own end, and a domain', async () => {
    expect(
      await used(
        `create table t (id bigint generated always as identity (maxvalue 100)); select setval('t_id_seq', 90)`,
      ),
    ).toMatchObject({
      status: 'warn',
      value: 0.899,
      detail: `At 90 of 100; it fills ${db.schema}.t.id: 89.89 % is used, 10 values are left`,
    });
    await pool.query('drop table t');
    expect(
      await used(
        `create domain small as smallint; create sequence s; create table t (id small default nextval('s')); select setval('s', 32000)`,
      ),
    ).toMatchObject({ status: 'fail', value: 0.9766 });
  });

  test('downwards, in large steps, from below zero', async () => {
    expect(
      await used(
        `create sequence down increment -1 minvalue -100 maxvalue 0 start 0; select setval('down', -96)`,
      ),
    ).toMatchObject({
      status: 'fail',
      value: 0.96,
      detail: expect.stringContaining('4 values are left'),
    });
    await pool.query('drop sequence down');
    expect(
      await used(`create sequence hops increment 10 maxvalue 100; select setval('hops', 88)`),
    ).toMatchObject({ status: 'warn', detail: expect.stringContaining('1 values are left') });
    await pool.query('drop sequence hops');
    expect(
      await used(
        `create sequence wide minvalue -9223372036854775808 start 1; select setval('wide', 5)`,
      ),
    ).toMatchObject({ status: 'pass', value: 0 });
  });

  test('one that cycles counts only when its column ends first', async () => {
    expect(await used(`create sequence s maxvalue 10 cycle; select setval('s', 10)`)).toMatchObject(
      { status: 'pass' },
    );
    expect(
      await used(
        `create sequence r cycle; create table t (id smallint default nextval('r')); select setval('r', 32767)`,
      ),
    ).toMatchObject({ status: 'fail', value: 1 });
  });

  test('never used, temporary, and one that may not be read', async () => {
    expect(await used('create sequence s; create temp sequence gone')).toMatchObject({
      status: 'pass',
      value: 0,
    });
    await using role = await createRole(db, pool);
    const nobody = role.pool();
    expect(await lookOnce(postgres.sequences(nobody))).toMatchObject({
      status: 'warn',
      code: 'insufficient_privilege',
      message: '1 sequences cannot be read: grant select on them',
    });
    await pool.query(`grant usage on sequence s to ${role.name}`);
    expect(await lookOnce(postgres.sequences(nobody))).toMatchObject({ status: 'pass' });
  });

  test('a sequence that is locked: timeout, and the connection is kept', async () => {
    await pool.query('create sequence s');
    const locker = await pool.connect();
    await locker.query('begin; alter sequence s maxvalue 10');
    const check = postgres.sequences(pool);
    const run = check.run({
      signal: new AbortController().signal,
      timeoutMs: 500,
      name: 'it',
      attempt: 1,
    });
    await expect(run).rejects.toMatchObject({ code: 'ERR_OPS_CHECK_FAILED', outcome: 'timeout' });
    await locker.query('rollback');
    locker.release();
    expect(await lookOnce(check)).toMatchObject({ status: 'pass' });
  });
});

test('1,000 tables, sequences, bad indexes and bad constraints: no more is told than can be', async () => {
  await pool.query(`
    do $$ begin
      for i in 1..1000 loop
        execute format('create table t%s (id int, a int)', i);
        execute format('create sequence s%s maxvalue 100', i);
        execute format('alter table t%s add constraint c check (a > 0) not valid', i);
        perform setval(format('s%s', i), 99);
        execute format('create index i%s on t%s (a)', i, i);
      end loop;
      update pg_index set indisvalid = false
      where indexrelid in (select oid from pg_class where relname ~ '^i\\d+$' and relkind = 'i');
    end $$`);
  expect(await lookOnce(postgres.sequences(pool))).toMatchObject({
    status: 'fail',
    findings: { length: 50 },
  });
  expect(await lookOnce(postgres.constraints(pool))).toMatchObject({
    value: 1_000,
    findings: { length: 50 },
  });
  expect(await lookOnce(postgres.indexes(pool))).toMatchObject({
    value: 1_000,
    findings: { length: 50 },
  });
  // In parts, or dropping the schema afterwards takes more locks than the server has.
  for (let from = 1; from <= 1_000; from += 250) {
    await pool.query(`
      do $$ begin
        for i in ${from}..${from + 249} loop
          execute format('drop table t%s', i);
          execute format('drop sequence s%s', i);
        end loop;
      end $$`);
  }
});

describe('migrations', () => {
  const history = `
    create table migrations (pack text not null, version text not null, name text, step_count int,
      steps_done int, step_running boolean, is_reverting boolean, applied_at timestamptz);
    insert into migrations values
      ('', '1', 'first', 2, 2, false, false, now()),
      ('', '2', 'second', 1, 1, false, false, now()),
      ('queue', '1', 'other', 1, 1, false, false, now())`;
  const looked = (options: object) =>
    lookOnce(postgres.migrations(pool, { table: `${db.schema}.migrations`, ...options }));

  test('as it must be; ahead; behind', async () => {
    await pool.query(history);
    expect(await looked({})).toMatchObject({ status: 'pass' });
    expect(await looked({ expected: ['1', '2'] })).toMatchObject({ status: 'pass', findings: [] });
    expect(await looked({ expected: ['1'] })).toMatchObject({
      status: 'warn',
      code: 'threshold',
      findings: [{ name: 'migration_ahead', object: '2' }],
    });
    expect(
      await looked({
        expected: ['1', '2', '3', { pack: 'queue', version: '1' }, { pack: 'queue', version: '2' }],
      }),
    ).toMatchObject({
      status: 'fail',
      code: 'bad_response',
      value: 2,
      findings: [{ name: 'migration_pending', object: '3' }, { object: 'queue/2' }],
    });
  });

  test('begun and not finished, unless it is for a newer program', async () => {
    await pool.query(history);
    await pool.query(
      `update migrations set steps_done = 1, step_running = true, applied_at = null where version = '1' and pack = ''`,
    );
    const unfinished = {
      status: 'fail',
      code: 'bad_response',
      findings: [
        {
          name: 'migration_unfinished',
          detail: expect.stringMatching(/^1 of 2 steps of applying it are done; a step/),
        },
      ],
    };
    expect(await looked({})).toMatchObject(unfinished);
    expect(await looked({ expected: ['1', '2'] })).toMatchObject(unfinished);
    expect(await looked({ expected: ['2'] })).toMatchObject({ status: 'warn', code: 'threshold' });
  });

  test('no table, another tool’s table, and one that may not be read', async () => {
    expect(await looked({})).toMatchObject({ status: 'fail', code: 'bad_response' });
    await pool.query('create table migrations (id int, name text)');
    expect(await looked({})).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(
        /is not a history of @ops\/migrations: it has no pack, version/,
      ),
    });
    await pool.query(`drop table migrations; ${history}`);
    await using role = await createRole(db, pool);
    const nobody = role.pool();
    const check = postgres.migrations(nobody, { table: `${db.schema}.migrations` });
    expect(await lookOnce(check)).toMatchObject({ status: 'warn', code: 'insufficient_privilege' });
  });
});

test('texts of any length do not make a result that the engine refuses', async () => {
  await pool.query(`
    create table migrations (pack text, version text, step_count int, steps_done int,
      step_running boolean, is_reverting boolean, applied_at timestamptz);
    insert into migrations values ('', repeat('x', 100000), 2, 1, false, false, null);
    create table parent (id text primary key);
    create table child (id text primary key, parent_id text);
    insert into child values (repeat('k', 2000), 'none')`);
  await using health = createHealth({
    defaults: { timeout: '20s' },
    checks: {
      schema: postgres.migrations(pool, { table: `${db.schema}.migrations` }),
      data: postgres.consistency(pool, {
        relations: [{ from: 'child.parent_id', to: 'parent.id' }],
      }),
    },
  });
  const { checks } = await health.check();
  expect([checks.schema.code, checks.data.code]).toEqual(['bad_response', 'threshold']);
});
