import fc from 'fast-check';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import type { CheckSpec } from '../../src/index.ts';
import { type ConsistencyOptions, postgres } from '../../src/postgres/index.ts';
import { look, lookOnce } from './look.ts';
import { createRole } from './role.ts';

const db = useDatabase();
let pool: pg.Pool;
const relations = [{ from: 'child.parent_id', to: 'parent.id' }];

beforeEach(() => {
  pool = db.pool();
});

const TABLES = `
  create table parent (id int primary key);
  create table child (id int primary key, parent_id int)`;

/** Closed after the test, however it ends: the lock would keep the next one from its work. */
const checks: CheckSpec[] = [];

function consistency(options: Partial<ConsistencyOptions> = {}, on: pg.Pool = pool): CheckSpec {
  const check = postgres.consistency(on, { relations, ...options });
  checks.push(check);
  return check;
}

afterEach(async () => {
  for (const check of checks.splice(0)) await check.close?.();
});

describe('finds', () => {
  test('rows that refer to nothing; null is no reference', async () => {
    await pool.query(
      `${TABLES}; insert into parent values (1); insert into child values (1, 1), (2, null)`,
    );
    expect(await lookOnce(consistency())).toMatchObject({
      status: 'pass',
      value: 0,
      message: '0 dangling references in 1 relations',
      findings: [],
    });
    await pool.query('insert into child select i, i from generate_series(10, 20) i');
    const found = await lookOnce(consistency());
    expect(found).toMatchObject({
      status: 'warn',
      code: 'threshold',
      value: 11,
      unit: 'rows',
      findings: [
        {
          name: 'dangling_reference',
          object: 'child.parent_id → parent.id',
          detail:
            '11 of 13 rows looked at refer to a row that is not there; the first have the key 10 / 11 / 12 / 13 / 14',
        },
      ],
    });
    // The remedy is a statement.
    const { rows } = await pool.query(found.findings?.[0]?.remediation ?? '');
    expect(rows).toHaveLength(11);
  });

  test('several columns, odd names, types that differ, keys of several columns and a partitioned table', async () => {
    await pool.query(`
      create table "Parent.x" (a int, "b""c" text, unique (a, "b""c"), primary key ("b""c", a));
      create table child (k uuid, at timestamptz, a bigint, b varchar, primary key (k, at)) partition by range (at);
      create table child1 partition of child for values from ('2020-01-01') to ('2021-01-01');
      create table child2 partition of child for values from ('2021-01-01') to ('2022-01-01');
      insert into "Parent.x" values (1, 'one'), (2, 'two');
      insert into child
      select gen_random_uuid(), timestamptz '2020-01-02' + i * interval '1 day 1 microsecond',
        (i % 3) + 1, case i % 3 when 0 then 'one' when 1 then 'two' else 'three' end
      from generate_series(1, 600) i`);
    const composite = [{ from: 'child.a,b', to: '"Parent.x".a,"b""c"' }];
    expect(await lookOnce(consistency({ relations: composite, chunk: 7 }))).toMatchObject({
      status: 'warn',
      value: 200,
    });
  });

  test('as many as a join does, whatever the size of the steps and however many runs', async () => {
    await pool.query(TABLES);
    const id = fc.integer({ min: -20, max: 20 });
    const cases = fc.record({
      parents: fc.uniqueArray(id, { maxLength: 15 }),
      children: fc.array(fc.option(id), { maxLength: 30 }),
      chunk: fc.integer({ min: 1, max: 12 }),
      budget: fc.constantFrom(0.001, 5_000),
    });
    const property = fc.asyncProperty(cases, async ({ parents, children, chunk, budget }) => {
      await pool.query('truncate parent, child');
      await pool.query('insert into parent select unnest($1::int[])', [parents]);
      await pool.query(
        'insert into child select n, r from unnest($1::int[]) with ordinality c (r, n)',
        [children],
      );
      const check = consistency({ chunk, budget });
      let found = await look(check);
      while (found.message?.includes('looked at yet') === true) found = await look(check);
      await check.close?.();
      const dangling = children.filter((child) => child !== null && !parents.includes(child));
      expect(found.value).toBe(dangling.length);
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

test('each run goes on where the last one stopped, and tells what is known so far', async () => {
  await pool.query(
    `${TABLES}; insert into child select i, nullif(i % 4, 0) from generate_series(1, 10) i; insert into parent values (1), (2), (3)`,
  );
  const check = consistency({ chunk: 4, budget: 0.001 });
  const unfinished = {
    status: 'pass',
    message: expect.stringContaining('of 1 not all rows have been looked at yet'),
  };
  expect(await look(check)).toMatchObject(unfinished);
  await pool.query('delete from parent where id = 1');
  // The fifth row is found; what happened behind it is left for the next pass.
  expect(await look(check)).toMatchObject({ status: 'warn', value: 1 });
  expect(await look(check)).toMatchObject({
    status: 'warn',
    value: 2,
    message: '2 dangling references in 1 relations',
  });
  await look(check);
  await look(check);
  expect(await look(check)).toMatchObject({
    value: 3,
    message: '3 dangling references in 1 relations',
  });
  await pool.query('insert into parent values (1)');
  // Not believed before a whole pass has seen none.
  expect(await look(check)).toMatchObject({ status: 'warn', value: 3 });
  await look(check);
  expect(await look(check)).toMatchObject({ status: 'pass', value: 0 });
  await check.close?.();
});

test('a large table does not keep the others from their turn', async () => {
  await pool.query(
    `${TABLES}; create table small (id int primary key, parent_id int); insert into small values (1, 1); insert into child select i from generate_series(1, 3) i`,
  );
  const two = [...relations, { from: 'small.parent_id', to: 'parent.id' }];
  const check = consistency({ relations: two, chunk: 2, budget: 0.001 });
  const values = [];
  for (let run = 0; run < 4; run += 1) values.push((await look(check)).value);
  expect(values.at(-1)).toBe(1);
  await check.close?.();
});

describe('one of several processes looks', () => {
  test('the others tell what it has found, and take over when it has gone', async () => {
    await pool.query(`${TABLES}; insert into child values (1, 1)`);
    const [otherPool, thirdPool] = [db.pool(), db.pool()];
    const [runner, other] = [consistency(), consistency({}, otherPool)];
    expect(await look(runner)).toMatchObject({ status: 'warn', value: 1 });
    expect(await look(other)).toEqual({
      status: 'warn',
      message: 'another process looks, and has found dangling references',
    });
    await pool.query('insert into parent values (1)');
    expect(await look(runner)).toMatchObject({ status: 'pass' });
    expect(await look(other)).toEqual({
      message: 'another process looks, and has found nothing so far',
    });
    await runner.close?.();
    await vi.waitFor(async () => expect(await look(other)).toMatchObject({ value: 0 }));
    // Other relations are other work.
    const elsewhere = consistency(
      { relations: [{ from: 'child.id', to: 'parent.id' }] },
      thirdPool,
    );
    expect(await lookOnce(elsewhere)).toMatchObject({ value: 0 });
    await other.close?.();
  });

  test('it lets go when it is closed and its connection is not', async () => {
    await pool.query(TABLES);
    const [check, kept, other] = [
      consistency(),
      postgres.indexes(pool),
      consistency({}, db.pool()),
    ];
    await look(check);
    await look(kept);
    expect((await look(other)).value).toBeUndefined();
    await check.close?.();
    expect((await look(other)).value).toBe(0);
    await kept.close?.();
    await other.close?.();
  });

  test('a session that was ours and still holds the lock is not taken for another process', async () => {
    await pool.query(TABLES);
    const clients: pg.Client[] = [];
    const { Client } = pool as unknown as { Client: new (config: object) => pg.Client };
    class Spy extends Client {
      constructor(config: object) {
        super(config);
        clients.push(this);
      }
    }
    const query = (text: string) => pool.query(text);
    const spied = { query, options: pool.options, Client: Spy };
    const check = postgres.consistency(spied, { relations });
    await look(check);
    // As through a pooler: the next transaction is on another session, and the first goes on.
    clients[0]?.emit('end');
    expect(await look(check)).toMatchObject({
      status: 'warn',
      code: 'error',
      message: expect.stringContaining('a pooler in transaction mode'),
    });
    await clients[0]?.end();
    await vi.waitFor(async () => expect(await look(check)).toMatchObject({ value: 0 }));
    await check.close?.();
  });

  test('a session that asks nothing for too long is ended by the server', async () => {
    await pool.query(TABLES);
    const check = consistency({ every: '100ms', timeout: '50ms' });
    await look(check);
    const other = consistency({ every: '100ms', timeout: '50ms' }, db.pool());
    await vi.waitFor(async () => expect(await look(other)).toMatchObject({ value: 0 }), 10_000);
    await check.close?.();
    await other.close?.();
  });
});

describe('what cannot be looked at is no pass', () => {
  test.each([
    ['create table parent (id int primary key)', 'there is no table "child"'],
    ['create table child (id int primary key, parent_id int)', 'there is no table "parent"'],
    [
      `create table parent (id int primary key); create table child (id int primary key)`,
      'there is no column parent_id',
    ],
    [
      `create table parent (id int primary key); create table child (id int, parent_id int)`,
      '"child" has no primary key to go by',
    ],
    [
      `create table parent (id int primary key); create table child (id int unique, parent_id int)`,
      '"child" has no primary key to go by',
    ],
    [
      `create table parent (id int); create table child (id int primary key, parent_id int)`,
      '"parent" has no index that begins with id',
    ],
  ])('%s', async (sql, detail) => {
    await pool.query(sql);
    expect(await lookOnce(consistency())).toMatchObject({
      status: 'fail',
      code: 'bad_response',
      findings: [{ name: 'relation_not_looked_at', level: 'error', detail }],
    });
  });

  test('a unique index without nulls will do for a key', async () => {
    await pool.query(
      `create table parent (id int unique); create table child (id int not null unique, parent_id int); insert into child values (1, 1)`,
    );
    expect(await lookOnce(consistency())).toMatchObject({ value: 1 });
  });

  test('types that cannot be compared', async () => {
    await pool.query(
      `create table parent (id uuid primary key); create table child (id int primary key, parent_id int)`,
    );
    expect(await lookOnce(consistency())).toMatchObject({
      status: 'fail',
      code: 'error',
      findings: [{ detail: expect.stringContaining('operator does not exist') }],
    });
  });

  test('a table that may not be read, and one whose rows are hidden by row security', async () => {
    await pool.query(`${TABLES}; insert into parent values (1); insert into child values (1, 1)`);
    await using role = await createRole(db, pool);
    const nobody = role.pool();
    const denied = { status: 'warn', code: 'insufficient_privilege' };
    expect(await lookOnce(consistency({}, nobody))).toMatchObject(denied);
    await pool.query(`grant select on parent, child to ${role.name}`);
    expect(await lookOnce(consistency({}, nobody))).toMatchObject({ status: 'pass' });
    // Without a policy no row is visible to others, and every reference would look dangling.
    await pool.query('alter table parent enable row level security');
    expect(await lookOnce(consistency({}, nobody))).toMatchObject(denied);
  });

  test('a locked table: timeout within the limit, and it goes on afterwards', async () => {
    await pool.query(`${TABLES}; insert into child values (1, 1)`);
    const locker = await pool.connect();
    await locker.query('begin; lock table parent in access exclusive mode');
    const check = consistency();
    expect(await look(check, { timeoutMs: 900 })).toMatchObject({
      status: 'fail',
      code: 'timeout',
    });
    await locker.query('rollback');
    locker.release();
    expect(await look(check)).toMatchObject({ status: 'warn', code: 'threshold', value: 1 });
    await check.close?.();
  });

  test('the key changed while a pass was under way: the pass begins anew', async () => {
    await pool.query(`${TABLES}; insert into child select i, i from generate_series(1, 5) i`);
    const check = consistency({ chunk: 2, budget: 0.001 });
    await look(check);
    await pool.query(
      `alter table child drop constraint child_pkey, add primary key (parent_id, id)`,
    );
    await look(check);
    await pool.query(
      `alter table child drop constraint child_pkey, add column u text; update child set u = 'x' || id; alter table child add primary key (u, id)`,
    );
    for (let run = 0; run < 5; run += 1) await look(check);
    expect(await look(check)).toMatchObject({ value: 5 });
    await check.close?.();
  });

  test('an abort ends it at once', async () => {
    await pool.query(TABLES);
    const locker = await pool.connect();
    await locker.query('begin; lock table child in access exclusive mode');
    const controller = new AbortController();
    const check = consistency();
    const run = look(check, { signal: controller.signal });
    await vi.waitFor(async () => {
      const waiting = await pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      expect(waiting.rowCount).toBe(1);
    }, 5_000);
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'ERR_OPS_CHECK_FAILED' });
    await locker.query('rollback');
    locker.release();
    // Once the server has noticed that the session has gone, and the lock with it.
    await vi.waitFor(async () =>
      expect(await look(check)).toMatchObject({ status: 'pass', value: 0 }),
    );
    await check.close?.();
  });
});
