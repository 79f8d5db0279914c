import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { InvalidOptionsError, TableMismatchError } from '../../src/index.ts';
import { postgresSink, type SqlClient, type SqlPool } from '../../src/postgres/index.ts';
import { count, createAppEvents, event, USER } from './app-events.ts';

const db = useDatabase();
const ok = { result: 'ok' };
const again = { result: 'ok', duplicate: true };

/** Counts the statements that go through a pool. */
function counted(pool: {
  connect(): Promise<SqlClient>;
}): SqlPool & { readonly statements: string[] } {
  const statements: string[] = [];
  return {
    statements,
    connect: async () => {
      const client = await pool.connect();
      return {
        query: (text, values) => {
          statements.push(text.trim());
          return client.query(text, values);
        },
        release: (destroy) => client.release(destroy),
      };
    },
  };
}

describe('the plain table', () => {
  it('gets a row for each event', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    const one = event({ props: { a: [1, { b: 'ä😀"\\' }] } });
    const two = event({ context: {}, props: null });
    expect(await postgresSink(pool).write([one, two])).toEqual([ok, ok]);
    const { rows } = await pool.query('select * from app_events order by id');
    expect(rows).toEqual(
      [
        {
          id: one.id,
          user_id: USER,
          event_type: 'ping',
          path: '/home',
          meta: one.props,
          created_at: one.timestamp,
        },
        {
          id: two.id,
          user_id: null,
          event_type: 'ping',
          path: null,
          meta: null,
          created_at: two.timestamp,
        },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });

  it('keeps the first of a repeated event, across writes, in one write, and at the same time', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    const sink = postgresSink(pool);
    const one = event();
    expect(await sink.write([one, { ...one, name: 'later' }])).toEqual([ok, again]);
    expect(await sink.write([{ ...one, name: 'later' }, event()])).toEqual([again, ok]);
    const many = Array.from({ length: 500 }, () => event());
    // Backwards too: two that wait for each other's rows would be a deadlock.
    const writes = Array.from({ length: 6 }, (_, n) =>
      sink.write(n % 2 ? many : many.toReversed()),
    );
    const outcomes = (await Promise.all(writes)).flat();
    expect(outcomes.every(({ result }) => result === 'ok')).toBe(true);
    expect(outcomes.filter((outcome) => !('duplicate' in outcome))).toHaveLength(500);
    expect(await count(pool)).toBe(502);
    const { rows } = await pool.query('select event_type from app_events where id = $1', [one.id]);
    expect(rows).toEqual([{ event_type: 'ping' }]);
  });

  it('takes 2,500 events in three inserts', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    const through = counted(pool);
    const events = Array.from({ length: 2_500 }, () => event());
    expect(await postgresSink(through).write(events)).toEqual(events.map(() => ok));
    expect(await count(pool)).toBe(2_500);
    expect(through.statements.filter((text) => text.includes('insert into'))).toHaveLength(3);
    expect(through.statements).toHaveLength(1 + 3 * 3);
  });

  it('looks the table up once', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    const through = counted(pool);
    const sink = postgresSink(through);
    await sink.write([event()]);
    await sink.write([event()]);
    expect(through.statements.filter((text) => text.includes('pg_attribute'))).toHaveLength(1);
  });

  it('does nothing for nothing', async () => {
    expect(await postgresSink(db.pool()).write([])).toEqual([]);
  });
});

describe('other tables', () => {
  it.each([
    ['text', 'u-5', 'u-5'],
    ['bigint', '5', '5'],
    ['bigint', 5, '5'],
    ['varchar(40)', USER, USER],
    ['char(4)', 'ab', 'ab  '],
  ])('user_id may be %s', async (type, userId, expected) => {
    const pool = db.pool();
    await createAppEvents(pool, type);
    expect(await postgresSink(pool).write([event({ context: { userId } })])).toEqual([ok]);
    expect((await pool.query('select user_id from app_events')).rows).toEqual([
      { user_id: expected },
    ]);
  });

  it('are named, cast and quoted as told', async () => {
    const pool = db.pool();
    await pool.query('create schema "odd ""schema"""');
    await pool.query(`
      create table "odd ""schema"""."My ""events"": $1" (
        "ID" text unique,
        "select" varchar(100),
        context json,
        got timestamp,
        "at" text
      )`);
    const sink = postgresSink(pool, {
      schema: 'odd "schema"',
      table: 'My "events": $1',
      columns: {
        id: 'ID',
        name: 'select',
        userId: null,
        path: null,
        props: null,
        context: 'context',
        timestamp: 'at',
        receivedAt: 'got',
      },
    });
    const one = event();
    expect(await sink.write([one])).toEqual([ok]);
    const { rows } = await pool.query(
      'select *, got::text as got from "odd ""schema"""."My ""events"": $1"',
    );
    expect(rows).toEqual([
      {
        ID: one.id,
        select: 'ping',
        context: one.context,
        at: '2026-03-01T11:59:59.123Z',
        got: '2026-03-01 12:00:00',
      },
    ]);
    await pool.query('drop schema "odd ""schema""" cascade');
  });

  it('are found again when they are made or altered later', async () => {
    const pool = db.pool();
    const sink = postgresSink(pool);
    await expect(sink.write([event()])).rejects.toThrow(/there is no such table/);
    await pool.query('create table app_events (id uuid, event_type text)');
    const error = await sink.write([event()]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TableMismatchError);
    expect(error).toMatchObject({
      code: 'ERR_OPS_TELEMETRY_TABLE_MISMATCH',
      table: '"app_events"',
      problems: [
        'no unique index on column id alone',
        'there is no column user_id for userId',
        'there is no column path for path',
        'there is no column meta for props',
        'there is no column created_at for timestamp',
      ],
    });
    await pool.query('drop table app_events');
    await createAppEvents(pool);
    expect(await sink.write([event()])).toEqual([ok]);
    await pool.query('alter table app_events rename meta to props');
    await expect(sink.write([event()])).rejects.toThrow(/"meta"/);
    await expect(sink.write([event()])).rejects.toThrow(TableMismatchError);
    await pool.query('alter table app_events rename props to meta');
    expect(await sink.write([event()])).toEqual([ok]);
  });

  it.each([
    ['an index over more columns', 'primary key (id, created_at)'],
    ['a deferrable constraint', 'unique (id) deferrable'],
  ])('are refused when a repeat could be a double: %s', async (_name, constraint) => {
    const pool = db.pool();
    await pool.query(`
      create table app_events (
        id uuid, user_id uuid, event_type text, path text, meta jsonb, created_at timestamptz, ${constraint}
      )`);
    await expect(postgresSink(pool).write([event()])).rejects.toThrow(
      /no unique index on column id alone/,
    );
  });
});

describe('a poisonous event', () => {
  const deep = JSON.parse('['.repeat(6_000) + ']'.repeat(6_000)) as unknown;
  it.each([
    ['a user id that is no uuid', { context: { userId: 'guest' } }, /userId is not a uuid/],
    ['a user that is not there', { context: { userId: USER.replace('a', 'b') } }, /SQLSTATE 23503/],
    ['a value that a check refuses', { name: 'forbidden' }, /SQLSTATE 23514/],
    ['a value that is taken, in another unique column', { name: 'once' }, /SQLSTATE 23505/],
    ['a value that a trigger refuses', { name: 'untriggered' }, /SQLSTATE P0001/],
    ['a text that is too long', { context: { path: 'x'.repeat(500) } }, /SQLSTATE 22001/],
    [
      'nesting deeper than the server can read',
      { props: deep },
      /SQLSTATE 54001|cannot be written/,
    ],
  ])('is dropped alone: %s', async (_name, fields, details) => {
    const pool = db.pool();
    await pool.query('create table profiles (id uuid primary key)');
    await pool.query('insert into profiles values ($1)', [USER]);
    await createAppEvents(pool, 'uuid references profiles');
    await pool.query(
      `alter table app_events add check (event_type <> 'forbidden'), alter path type varchar(100)`,
    );
    await pool.query(`create unique index on app_events (event_type) where event_type = 'once'`);
    await pool.query(`insert into app_events (id, event_type) values (gen_random_uuid(), 'once')`);
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'not this one'; end $$`);
    await pool.query(`
      create trigger refuse before insert on app_events
      for each row when (new.event_type = 'untriggered') execute function refuse()`);
    const events = Array.from({ length: 1_000 }, () => event());
    events[500] = event(fields);
    const outcomes = await postgresSink(pool).write(events);
    expect(outcomes[500]).toMatchObject({
      result: 'drop',
      details: expect.stringMatching(details),
    });
    expect(outcomes.filter(({ result }) => result === 'ok')).toHaveLength(999);
    expect(await count(pool)).toBe(1 + 999);
  });

  it('costs a few statements, not one for each of its neighbours', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    await pool.query(`alter table app_events add check (event_type <> 'forbidden')`);
    const through = counted(pool);
    const events = Array.from({ length: 1_000 }, (_, n) =>
      event(n === 333 ? { name: 'forbidden' } : {}),
    );
    await postgresSink(through).write(events);
    expect(
      through.statements.filter((text) => text.includes('insert into')).length,
    ).toBeLessThanOrEqual(21);
  });

  it('is no matter what it holds in JSON or text', async () => {
    const pool = db.pool();
    await createAppEvents(pool, 'text');
    const nul = event({
      props: { 'k\0': 'a\0b', s: '\uD800', big: 1n },
      context: { userId: 'u\0', path: '\uDC00' },
    });
    const far = event({ props: JSON.parse('{"n":1e400}') as unknown });
    expect(await postgresSink(pool).write([nul, far])).toEqual([ok, ok]);
    const { rows } = await pool.query('select user_id, path, meta from app_events where id = $1', [
      nul.id,
    ]);
    expect(rows).toEqual([
      {
        user_id: 'u\uFFFD',
        path: '\uFFFD',
        meta: { 'k\uFFFD': 'a\uFFFDb', s: '\uFFFD', big: '1' },
      },
    ]);
  });

  it('tells its cause to the host and not to the client', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    await pool.query(
      `alter table app_events add constraint secret_rule check (event_type <> 'forbidden')`,
    );
    const [outcome] = await postgresSink(pool).write([event({ name: 'forbidden' })]);
    expect(outcome).toMatchObject({ result: 'drop', cause: { constraint: 'secret_rule' } });
    expect(outcome?.result === 'drop' && outcome.details).not.toContain('secret_rule');
  });
});

describe('when the database fails', () => {
  it('a write ends at its timeout while another holds the row, and gives the connection back', async () => {
    const pool = db.pool({ max: 1 });
    const other = db.pool();
    await createAppEvents(pool);
    const sink = postgresSink(pool, { timeout: 300 });
    const one = event();
    await sink.write([event()]);
    const holder = await other.connect();
    await holder.query('begin');
    await holder.query('insert into app_events (id, event_type) values ($1, $2)', [one.id, 'held']);
    await expect(sink.write([one])).rejects.toThrow(/statement timeout|No result within/);
    await holder.query('rollback');
    holder.release();
    expect(await sink.write([one])).toEqual([ok]);
    expect(await count(pool)).toBe(2);
  });

  it('a write waits no longer than its timeout for a connection, and leaks none', async () => {
    const pool = db.pool({ max: 1 });
    await createAppEvents(pool);
    const taken = await pool.connect();
    await expect(postgresSink(pool, { timeout: 50 }).write([event()])).rejects.toMatchObject({
      code: 'ERR_OPS_TIMEOUT',
    });
    taken.release();
    expect(await count(pool)).toBe(0);
    expect(await postgresSink(pool).write([event()])).toEqual([ok]);
  });

  it('a connection that is killed ends the write, not the process', async () => {
    const pool = db.pool({ max: 1, application_name: 'victim' });
    const other = db.pool();
    await createAppEvents(pool);
    const sink = postgresSink(pool);
    const one = event();
    await sink.write([event()]);
    const holder = await other.connect();
    await holder.query('begin');
    await holder.query('insert into app_events (id, event_type) values ($1, $2)', [one.id, 'held']);
    const writing = sink.write([one]).catch((error: unknown) => error);
    const isWaiting = `select pid from pg_stat_activity where application_name = 'victim' and wait_event_type = 'Lock'`;
    let pid: number | undefined;
    while (pid === undefined) pid = (await other.query<{ pid: number }>(isWaiting)).rows[0]?.pid;
    await other.query('select pg_terminate_backend($1)', [pid]);
    expect(await writing).toMatchObject({ code: '57P01', severity: 'FATAL' });
    await holder.query('rollback');
    holder.release();
    expect(await sink.write([one])).toEqual([ok]);
  });

  it('what was committed before is said to be stored, the rest is to be sent again', async () => {
    const pool = db.pool();
    await createAppEvents(pool);
    let inserts = 0;
    const failing: SqlPool = {
      connect: async () => {
        const client = await pool.connect();
        return {
          query: (text, values) => {
            if (text.includes('insert into')) inserts += 1;
            if (inserts === 2) throw new Error('connection lost');
            return client.query(text, values);
          },
          release: (destroy) => client.release(destroy),
        };
      },
    };
    const events = Array.from({ length: 1_500 }, () => event());
    const outcomes = await postgresSink(failing).write(events);
    expect(outcomes.slice(0, 1_000)).toEqual(events.slice(0, 1_000).map(() => ok));
    expect(outcomes.slice(1_000).every(({ result }) => result === 'retry')).toBe(true);
    expect(await count(pool)).toBe(1_000);
  });

  it('leaves the settings of the connection as they were', async () => {
    const pool = db.pool({ max: 1 });
    await createAppEvents(pool);
    await postgresSink(pool, { timeout: '3s' }).write([event()]);
    expect((await pool.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
  });
});

it.each([
  ['no pool', undefined, {}, /pool: expected a pg\.Pool/],
  ['a misspelt option', {}, { tabel: 'x' }, /tabel: there is no such option/],
  ['a misspelt part', {}, { columns: { user: 'x' } }, /columns\.user: there is no such option/],
  ['no id', {}, { columns: { id: null } }, /columns\.id: expected string, got null/],
  [
    'one column twice',
    {},
    { columns: { props: 'meta', context: 'meta' } },
    /columns: expected a different column for each part/,
  ],
  [
    'a name that is too long',
    {},
    { table: 'x'.repeat(64) },
    /table: expected a name of 1 to 63 bytes/,
  ],
  ['a timeout of 0', {}, { timeout: 0 }, /timeout: expected a duration .* 1 ms or more/],
])('postgresSink refuses %s', (_name, pool, options, message) => {
  const fake = pool && { connect: () => Promise.reject(new Error('not used')) };
  const create = () => postgresSink(fake as never, options as never);
  expect(create).toThrow(InvalidOptionsError);
  expect(create).toThrow(message);
});
