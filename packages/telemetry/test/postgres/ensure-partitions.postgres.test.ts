import { expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { InvalidOptionsError, TableMismatchError } from '../../src/index.ts';
import { ensurePartitions, type SqlPool } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { count, createPartitioned } from './app-events.ts';

const db = useDatabase();
const at = (time: string) => ({ now: () => Date.parse(time) });

function insertAt(time: string): string {
  return `insert into app_events (id, event_type, created_at)
    values ('${uuid7(Date.parse(time))}', 'ping', '${time}')`;
}

function codeOf(error: unknown): unknown {
  return Reflect.get(Object(error), 'code');
}

it('makes the months around now, once, with the indexes of the table', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const options = { behind: 1, ahead: 1, clock: at('2027-01-31T23:59:59Z') };
  expect(await ensurePartitions(pool, options)).toEqual({
    created: ['app_events_2026_12', 'app_events_2027_01', 'app_events_2027_02'],
    movedRows: 0,
  });
  expect(await ensurePartitions(pool, options)).toEqual({ created: [], movedRows: 0 });
  const { rows } = await pool.query(
    `select
       pg_get_expr(relpartbound, c.oid) as bound,
       array(
         select pg_get_indexdef(indexrelid) from pg_index where indrelid = c.oid order by 1
       ) as indexes,
       (select count(*)::int from pg_constraint where conrelid = c.oid and contype = 'c') as checks
     from pg_class c
     where c.oid = to_regclass('app_events_2027_02')`,
  );
  expect(rows).toMatchObject([
    {
      bound: expect.stringMatching(/^FOR VALUES FROM \('2027-02-01 .*'\) TO \('2027-03-01 .*'\)$/),
      indexes: [/btree \(created_at\)/, /btree \(xid\)/, /UNIQUE.*\(id\)/].map((part) =>
        expect.stringMatching(part),
      ),
      checks: 0,
    },
  ]);
  const attached = await pool.query(
    `select count(*)::int as n from pg_index x join pg_inherits i on i.inhrelid = x.indexrelid
     where x.indrelid = to_regclass('app_events_2027_02')`,
  );
  expect(attached.rows).toEqual([{ n: 2 }]);
});

it('is safe from many processes at once, while others write, and moves each row once', async () => {
  const pool = db.pool({ max: 12 });
  await createPartitioned(pool, db.schema);
  const days = Array.from({ length: 28 }, (_, n) => `2026-08-${String(n + 1).padStart(2, '0')}`);
  for (const day of days) await pool.query(insertAt(`${day}T00:00:00Z`));
  const clock = at('2026-08-15T00:00:00Z');
  const making = Promise.all(Array.from({ length: 6 }, () => ensurePartitions(pool, { clock })));
  const writing = Promise.allSettled(days.map((day) => pool.query(insertAt(`${day}T12:00:00Z`))));
  const [reports, writes] = await Promise.all([making, writing]);
  // One that was on its way into the default partition is sent elsewhere by its next attempt.
  const codes = writes.map((each) => (each.status === 'rejected' ? codeOf(each.reason) : '23514'));
  expect(new Set(codes)).toEqual(new Set(['23514']));
  expect(reports.flatMap(({ created }) => created).toSorted()).toEqual([
    'app_events_2026_08',
    'app_events_2026_09',
    'app_events_2026_10',
  ]);
  expect(await count(pool, 'app_events_default')).toBe(0);
  expect(await count(pool, 'app_events_2026_08')).toBeGreaterThanOrEqual(28);
});

it('waits for nobody who writes into the months that are there', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const writer = await pool.connect();
  await writer.query('begin');
  await writer.query(insertAt('2026-03-05T00:00:00Z'));
  const clock = at('2026-08-15T00:00:00Z');
  const { created } = await ensurePartitions(pool, { ahead: 0, clock, timeout: '5s' });
  expect(created).toEqual(['app_events_2026_08']);
  await writer.query('commit');
  writer.release();
});

it('lets go of a lock that does not come, again and again, until its time is over', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const clock = at('2026-08-15T00:00:00Z');
  const reader = await pool.connect();
  await reader.query('begin');
  await reader.query('select count(*) from app_events');
  const refused = await ensurePartitions(pool, { ahead: 0, clock, timeout: 1_800 }).catch(
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({ code: expect.stringMatching(/55P03|57014|ERR_OPS_TIMEOUT/) });
  await reader.query('commit');
  reader.release();
  expect((await ensurePartitions(pool, { ahead: 0, clock })).created).toHaveLength(1);
});

it('makes a default partition that is missing, and forgets notes of rows that are gone', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  await pool.query('drop table app_events_default');
  const kept = uuid7(0);
  await pool.query(
    `insert into app_events (id, event_type, created_at) values ('${kept}', 'ping', '2026-02-10T00:00Z');
     insert into app_events_moved values
       ('${uuid7(0)}', '2025-12-01T00:00Z'), ('${uuid7(0)}', '2026-02-10T00:00Z'), ('${kept}', '2025-12-01T00:00Z')`,
  );
  const { created } = await ensurePartitions(pool, { clock: at('2026-03-01T00:00:00Z') });
  expect(created).toEqual(['app_events_default']);
  expect(await count(pool, 'app_events_moved')).toBe(2);
});

it('is three reads when there is nothing to do', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const statements: string[] = [];
  const through: SqlPool = {
    connect: async () => {
      const client = await pool.connect();
      return {
        query: (text, values) => {
          statements.push(text.trim());
          return client.query(text, values);
        },
        release: () => client.release(),
      };
    },
  };
  await ensurePartitions(through, { clock: at('2026-03-01T00:00:00Z') });
  expect(statements).toHaveLength(3);
  expect(statements.every((text) => text.startsWith('select'))).toBe(true);
});

it('works on a table of another name, in a schema of any name', async () => {
  const pool = db.pool();
  const schema = `${db.schema} "odd"`;
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  await pool.query(`
    create schema ${quoted};
    create table ${quoted}."My ""events""" ("Id" uuid not null, "At" timestamptz not null) partition by range ("At")`);
  const options = { schema, table: 'My "events"', idColumn: 'Id', ahead: 0 };
  const clock = at('2026-03-31T23:59:59.999Z');
  expect((await ensurePartitions(pool, { ...options, clock })).created).toEqual([
    'My "events"_default',
    'My "events"_2026_03',
  ]);
  await pool.query(`drop schema ${quoted} cascade`);
});

it('says what is wrong', async () => {
  const pool = db.pool();
  await expect(ensurePartitions(pool)).rejects.toThrow(/there is no such table/);
  await pool.query('create table app_events (id uuid)');
  await expect(ensurePartitions(pool)).rejects.toThrow(TableMismatchError);
  await expect(ensurePartitions(pool)).rejects.toThrow(/it is not partitioned/);
  const reason = new Error('enough');
  await expect(ensurePartitions(pool, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(ensurePartitions(pool, { table: 'x'.repeat(56) })).rejects.toThrow(
    /table: expected a name of 1 to 55 bytes/,
  );
  await expect(ensurePartitions(pool, { ahead: -1 })).rejects.toThrow(InvalidOptionsError);
  await expect(ensurePartitions(undefined as never)).rejects.toThrow(/expected a pg\.Pool/);
});
