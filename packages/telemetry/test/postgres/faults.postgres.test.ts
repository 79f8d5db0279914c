import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { useDatabase } from '../../../../test/postgres.ts';
import { defineEvents } from '../../src/index.ts';
import { createIngestHandler, keys, type Rejection } from '../../src/ingest/index.ts';
import { postgresSink, type SqlPool } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { count, createAppEvents, createPartitioned, event } from './app-events.ts';

const db = useDatabase();
const ok = { result: 'ok' };
const clock = { now: () => Date.parse('2026-03-01T12:00:00Z') };

/** Both kinds of table have to bear the same. */
const tables: readonly [string, (pool: pg.Pool) => Promise<void>][] = [
  ['a plain table', (pool) => createAppEvents(pool, 'text')],
  ['a partitioned table', (pool) => createPartitioned(pool, db.schema)],
];

const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${n}`, n]));

/** Each is stored, with its neighbours. */
const harmless: readonly (readonly [string, object])[] = [
  ['U+0000 in values and keys', { props: { 'a\0': 'b\0c' } }],
  ['escaped text of U+0000', { props: { a: '\\u0000' } }],
  ['half of a surrogate pair', { props: { '\uD800': '\uDFFF x \uD83D' } }],
  ['U+0000 in the name', { name: 'pi\0ng' }],
  ['U+0000 in columns of their own', { context: { userId: '\0', path: 'a\0\uD800' } }],
  ['U+0000 in the sender', { source: 'a\0b' }],
  ['a number that no float holds', { props: JSON.parse('{"n":1e400000}') as unknown }],
  ['not a number', { props: { a: NaN, b: -Infinity, c: -0 } }],
  ['a BigInt', { props: { n: 2n ** 200n } }],
  ['a date that is none', { props: { at: new Date(NaN) } }],
  ['the name of the prototype', { props: JSON.parse('{"__proto__":{"a":1}}') as unknown }],
  ['2,000 keys', { props: wide }],
  ['what COPY or an array would take for its own', { props: { a: '\\.\n\\N\t{NULL,"}' } }],
  ['a statement', { name: `'); drop table app_events; --`, context: { path: '$1' } }],
  ['an object for a user', { context: { userId: { a: 1 }, path: [1, '\0'] } }],
];

/** Each is dropped, without its neighbours. */
const poisonous: readonly (readonly [string, object])[] = [
  ['a year that the server cannot read', { timestamp: new Date(8.64e15) }],
  ['a year before our era', { timestamp: new Date(-8e14) }],
  ['a time that is none', { timestamp: new Date(NaN) }],
  [
    'a getter that throws',
    {
      props: {
        get a() {
          throw new Error('no');
        },
      },
    },
  ],
];

it.each(tables)('hostile values harm nobody in %s', async (_kind, create) => {
  const pool = db.pool();
  await create(pool);
  const sink = postgresSink(pool, { clock });
  for (const [name, fields] of harmless) {
    const outcomes = await sink.write([event(), event(fields), event()]);
    expect([name, ...outcomes]).toEqual([name, ok, ok, ok]);
  }
  for (const [name, fields] of poisonous) {
    const [before, outcome, after] = await sink.write([event(), event(fields), event()]);
    expect([name, before, outcome?.result, after]).toEqual([name, ok, 'drop', ok]);
  }
  expect(await count(pool)).toBe(harmless.length * 3 + poisonous.length * 2);
});

describe.each(tables)('a write into %s is to be repeated', (kind, create) => {
  it('when the server takes no writes, and its connection is not kept', async () => {
    const pool = db.pool({ max: 1 });
    await create(pool);
    const sink = postgresSink(pool, { clock });
    const one = event();
    await sink.write([event()]);
    const pids = async () => (await pool.query('select pg_backend_pid() as pid')).rows[0]?.pid;
    const before: unknown = await pids();
    await pool.query('set default_transaction_read_only = on'); // as a server that became a replica
    await expect(sink.write([one])).rejects.toMatchObject({ code: '25006' });
    expect(await pids()).not.toBe(before);
    expect(await sink.write([one])).toEqual([ok]);
  });

  it('when permission is denied', async () => {
    const pool = db.pool();
    await create(pool);
    const role = `nobody_${db.schema}_${kind.length}`;
    await pool.query(`create role ${role}; grant usage on schema ${db.schema} to ${role}`);
    const as: SqlPool = {
      connect: async () => {
        const client = await pool.connect();
        await client.query(`set role ${role}`);
        return {
          query: (text, values) => client.query(text, values),
          release: () => client.release(true),
        };
      },
    };
    const rejections: Rejection[] = [];
    const POST = createIngestHandler({
      events: defineEvents({ ping: z.object({}) }),
      sink: postgresSink(as, { clock }),
      auth: keys(['k']),
      onReject: (rejection) => void rejections.push(rejection),
    });
    const id = uuid7(Date.now());
    const now = new Date().toISOString();
    const body = JSON.stringify({ sentAt: now, events: [{ id, name: 'ping', timestamp: now }] });
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const response = await POST(
      new Request('http://localhost/', { method: 'POST', headers, body }),
    );
    expect(response.status).toBe(503);
    expect(rejections).toMatchObject([{ reason: 'sink_failed', cause: { code: '42501' } }]);
    await pool.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('when the server says that it is not the fault of a row', async () => {
    const pool = db.pool();
    await create(pool);
    await pool.query(`
      create function fail() returns trigger language plpgsql as $$
      begin raise exception using errcode = new.path; end $$;
      create trigger fail before insert on app_events
      for each row when (new.event_type = 'failing') execute function fail()`);
    const sink = postgresSink(pool, { clock });
    for (const code of ['40001', '40P01', '57014', '53100', '55P03', 'XX000']) {
      const failing = event({ name: 'failing', context: { path: code } });
      await expect(sink.write([event(), failing])).rejects.toMatchObject({ code });
    }
    expect(await count(pool)).toBe(0);
    expect(await sink.write([event()])).toEqual([ok]);
  });

  it('in a real deadlock, and then succeeds', async () => {
    const pool = db.pool({ options: `-c search_path=${db.schema} -c deadlock_timeout=20ms` });
    await create(pool);
    const sink = postgresSink(pool, { clock });
    await sink.write([event()]);
    const [first, last] = [event(), event()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    if (first === undefined || last === undefined) throw new Error('unreachable');
    const other = await pool.connect();
    const insert = `insert into app_events (id, event_type, created_at) values ($1, 'x', $2)`;
    await other.query('begin');
    await other.query(insert, [last.id, last.timestamp]);
    const writing = sink.write([first, last]).catch((error: unknown) => error);
    const isWaiting = `select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    while ((await pool.query(isWaiting)).rowCount === 0);
    const otherWrote = await other.query(insert, [first.id, first.timestamp]).then(
      () => true,
      () => false,
    );
    await other.query('rollback');
    other.release();
    const outcome = await writing;
    // The server chooses whom to end.
    const end: unknown = Array.isArray(outcome) ? 'stored' : Reflect.get(Object(outcome), 'code');
    expect(end).toBe(otherWrote ? '40P01' : 'stored');
    expect((await sink.write([first, last])).every(({ result }) => result === 'ok')).toBe(true);
    expect(await count(pool)).toBe(3);
  });

  it('when all connections are lost in the middle', async () => {
    const pool = db.pool({ max: 4 });
    const admin = db.pool({ max: 1 });
    await create(pool);
    const sink = postgresSink(pool, { clock });
    const own = (await admin.query('select pg_backend_pid() as pid')).rows[0]?.pid as number;
    const batches = Array.from({ length: 12 }, () => Array.from({ length: 200 }, () => event()));
    const writes = batches.map((batch) =>
      sink.write(batch).then(
        (outcomes) => outcomes.every(({ result }) => result === 'ok'),
        () => false,
      ),
    );
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> $1`,
      [own],
    );
    await Promise.all(writes);
    for (const batch of batches) {
      const outcomes = await sink.write(batch);
      expect(outcomes.every(({ result }) => result === 'ok')).toBe(true);
    }
    expect(await count(pool)).toBe(12 * 200);
  });
});

it('nobody is held up by a writer that is stopped in the middle of looking everywhere', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const sink = postgresSink(pool, { clock, timeout: 800 });
  await sink.write([event({ timestamp: clockDate(), id: uuid7(clock.now()) })]);
  const reached = Promise.withResolvers<undefined>();
  const resumed = Promise.withResolvers<undefined>();
  const stalling: SqlPool = {
    connect: async () => {
      const client = await pool.connect();
      client.on('error', () => {});
      return {
        query: async (text, values) => {
          if (text === 'commit') {
            reached.resolve(undefined);
            await resumed.promise;
          }
          return client.query(text, values);
        },
        release: (destroy) => client.release(destroy),
      };
    },
  };
  const stranger = event({ clientTimestamp: null, id: crypto.randomUUID() });
  const stalled = postgresSink(stalling, { clock, timeout: 300 })
    .write([stranger])
    .catch((error: unknown) => error);
  await reached.promise;
  const mine = event({ timestamp: clockDate(), id: uuid7(clock.now()) });
  // The server ends the stopped one's session, if its own process has not closed it before.
  expect(await sink.write([mine])).toEqual([ok]);
  expect(await stalled).toBeInstanceOf(Error);
  resumed.resolve(undefined);
  expect(await count(pool)).toBe(2);
});

function clockDate(): Date {
  return new Date(clock.now());
}

it('goes on when the server went away and is back', async () => {
  const upstream = new URL(db.url);
  const sockets = new Set<Socket>();
  const relay = createServer((socket) => {
    const server = connect(Number(upstream.port), upstream.hostname);
    for (const each of [socket, server]) {
      sockets.add(each);
      each.on('error', () => {});
      each.on('close', () => {
        socket.destroy();
        server.destroy();
      });
    }
    socket.pipe(server).pipe(socket);
  });
  const start = (port: number): Promise<unknown> =>
    once(relay.listen(port, '127.0.0.1'), 'listening');
  const stop = async (): Promise<void> => {
    const closed = once(relay, 'close');
    relay.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start(0);
  const { port } = relay.address() as AddressInfo;
  const url = new URL(db.url);
  url.host = `127.0.0.1:${port}`;
  const pool = db.pool({ connectionString: url.href });
  await createPartitioned(pool, db.schema);
  const sink = postgresSink(pool, { clock, timeout: '5s' });
  expect(await sink.write([event()])).toEqual([ok]);
  await stop();
  const lost = event();
  await expect(sink.write([lost])).rejects.toThrow(/./);
  await expect(sink.write([lost])).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await start(port);
  expect(await sink.write([lost])).toEqual([ok]);
  expect(await count(pool)).toBe(2);
  await stop();
});
