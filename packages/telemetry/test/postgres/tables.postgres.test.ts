import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { InvalidOptionsError } from '../../src/index.ts';
import { ensureTables, postgresSink, telemetryTables } from '../../src/postgres/index.ts';
import { count, event } from './app-events.ts';

const db = useDatabase();

async function columns(schema: string): Promise<unknown> {
  const { rows } = await db.pool().query(
    `select array_agg(attname || ' ' || format_type(atttypid, atttypmod) order by attnum) as all
     from pg_attribute where attrelid = to_regclass($1) and attnum > 0`,
    [`"${schema}".app_events`],
  );
  return rows[0]?.all;
}

const PLAIN = [
  'id uuid',
  'user_id text',
  'event_type text',
  'path text',
  'meta jsonb',
  'created_at timestamp with time zone',
];
const WANTED = [
  'id uuid',
  'event_type text',
  'user_id text',
  'path text',
  'meta jsonb',
  'context jsonb',
  'created_at timestamp with time zone',
  'received_at timestamp with time zone',
  'source text',
  'sample_rate real',
  'xid xid8',
];

/** As a migration runner would, one after the other. */
async function migrate(versions: readonly string[] = ['1', '2']): Promise<void> {
  for (const { version, sql } of telemetryTables.migrations) {
    if (!versions.includes(version)) continue;
    await db.pool().query(sql.replaceAll('{{schema}}', `"${db.schema}"`));
  }
}

it('makes the table that the sink writes, in a schema of any name', async () => {
  const schema = `${db.schema} "odd" $1`;
  await ensureTables(db.pool(), { schema });
  expect(await columns(schema.replaceAll('"', '""'))).toEqual(WANTED);
  const written = await postgresSink(db.pool(), { schema }).write([event()]);
  expect(written).toEqual([{ result: 'ok' }]);
  await db.pool().query(`drop schema "${schema.replaceAll('"', '""')}" cascade`);
});

it('is safe from many replicas at once, and touches nothing that is there', async () => {
  const pool = db.pool();
  await Promise.all(Array.from({ length: 8 }, () => ensureTables(pool, { schema: db.schema })));
  await postgresSink(pool, { schema: db.schema }).write([event()]);
  await ensureTables(pool, { schema: db.schema });
  expect(await count(pool, `${db.schema}.app_events`)).toBe(1);
});

it('creates nothing through a user who may only use what is there', async () => {
  const pool = db.pool();
  await ensureTables(pool, { schema: db.schema });
  const role = `reader_${db.schema}`;
  await pool.query(`create role ${role}; grant usage on schema ${db.schema} to ${role}`);
  const asReader = {
    connect: async () => {
      const client = await pool.connect();
      await client.query(`set role ${role}`);
      return {
        query: (text: string, values?: unknown[]) => client.query(text, values),
        release: () => client.release(true),
      };
    },
  };
  await ensureTables(asReader, { schema: db.schema });
  await expect(ensureTables(asReader, { schema: `${db.schema}_new` })).rejects.toThrow(
    /permission denied/,
  );
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});

it('rejects with the reason of an aborted signal, and names wrong options', async () => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(ensureTables(db.pool(), { schema: db.schema, signal })).rejects.toBe(reason);
  await expect(ensureTables(db.pool(), { schema: '' })).rejects.toThrow(InvalidOptionsError);
});

it('leaves a plain table as it is, and the sink goes on to write to it', async () => {
  const pool = db.pool();
  await migrate(['1']);
  const sink = postgresSink(pool, { schema: db.schema });
  expect(await sink.write([event()])).toEqual([{ result: 'ok' }]);
  await ensureTables(pool, { schema: db.schema });
  expect(await columns(db.schema)).toEqual(PLAIN);
  expect(await sink.write([event()])).toEqual([{ result: 'ok' }]);
  expect(await count(pool)).toBe(2);
});

it('makes this month, those ahead, and in a new table the month before', async () => {
  const pool = db.pool();
  const names = async (): Promise<unknown> => {
    const { rows } = await pool.query(
      `select array_agg(c.relname::text order by c.relname) as all
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = to_regclass('app_events')`,
    );
    return rows[0]?.all;
  };
  const clock = { now: () => Date.parse('2026-01-01T00:00:00Z') };
  await ensureTables(pool, { schema: db.schema, ahead: 1, clock });
  const first = ['app_events_2025_12', 'app_events_2026_01', 'app_events_2026_02'];
  expect(await names()).toEqual([...first, 'app_events_default']);
  await pool.query('drop table app_events_2025_12');
  await ensureTables(pool, { schema: db.schema, ahead: 2, clock });
  expect(await names()).toEqual([...first.slice(1), 'app_events_2026_03', 'app_events_default']);
});

describe('as a pack', () => {
  it('makes the same tables in a new installation, and may be run again', async () => {
    const pool = db.pool();
    await migrate();
    expect(await columns(db.schema)).toEqual(WANTED);
    await migrate();
    await ensureTables(pool, { schema: db.schema });
    expect(await postgresSink(pool).write([event()])).toEqual([{ result: 'ok' }]);
  });

  it('is without the months until the sink has written, and then has all in its place', async () => {
    const pool = db.pool();
    await migrate();
    const one = event();
    const sink = postgresSink(pool, { clock: { now: () => one.timestamp.getTime() } });
    expect(await sink.write([one])).toEqual([{ result: 'ok' }]);
    expect(await count(pool, 'app_events_2026_03')).toBe(1);
    expect(await count(pool, 'app_events_default')).toBe(0);
  });

  it.each([
    [
      'has rows',
      `insert into app_events values (gen_random_uuid(), null, 'ping', null, null, now())`,
    ],
    ['has a column more', 'alter table app_events add more text'],
    ['has another type', 'alter table app_events alter user_id type varchar(50)'],
    ['has an index more', 'create index on app_events (event_type)'],
    ['has a check', `alter table app_events add check (path <> '')`],
    ['is referred to', 'create table other (event uuid references app_events)'],
    ['is in a view', 'create view seen as select * from app_events'],
    [
      'has a trigger',
      `create trigger t before update on app_events for each row
       execute function suppress_redundant_updates_trigger()`,
    ],
    ['is granted', 'grant select on app_events to public'],
    ['has row level security', 'alter table app_events enable row level security'],
    ['has children', 'create table child () inherits (app_events)'],
  ])('leaves a plain table that %s', async (_name, change) => {
    await migrate(['1']);
    await db.pool().query(change);
    await migrate(['2']);
    const { rows } = await db
      .pool()
      .query(`select relkind::text as kind from pg_class where oid = to_regclass('app_events')`);
    expect(rows).toEqual([{ kind: 'r' }]);
  });

  it('has kept version 1 to the letter, since migrations are compared with what was run', () => {
    const [first, second, ...more] = telemetryTables.migrations;
    expect(more).toEqual([]);
    expect([first?.version, first?.name]).toEqual(['1', 'app_events']);
    expect([second?.version, second?.name]).toEqual(['2', 'app_events_by_month']);
    expect(hash('sha256', first?.sql ?? '')).toBe(
      '87a55eb06ec9235bc1926f988d13c8a214da4c272eb1d43e8b6c7c8615fc56b3',
    );
  });
});
