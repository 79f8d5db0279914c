import { expect, it } from 'vitest';
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

const WANTED = [
  'id uuid',
  'user_id text',
  'event_type text',
  'path text',
  'meta jsonb',
  'created_at timestamp with time zone',
];

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

it('ships the same statements as a pack', () => {
  expect(telemetryTables.migrations.map(({ version, name }) => [version, name])).toEqual([
    ['1', 'app_events'],
  ]);
  expect(telemetryTables.migrations[0]?.sql).toContain('{{schema}}.app_events');
});
