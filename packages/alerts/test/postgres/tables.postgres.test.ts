import { InvalidOptionsError, systemClock } from '@ops/timeout';
import { expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  AlertTablesMissingError,
  alertsTables,
  ensureTables,
  postgresStore,
} from '../../src/postgres/index.ts';
import { RELATIONS } from '../../src/postgres/tables.ts';
import { change, unit } from '../store-contract.ts';

const db = useDatabase();
const context = { scope: 'a/test', clock: systemClock };

async function relations(schema: string): Promise<string[]> {
  const { rows } = await db.pool().query(
    `select c.relname as name from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'i') and c.relname not like '%_pkey'`,
    [schema],
  );
  return rows.map(({ name }: { name: string }) => name).toSorted();
}

it('makes the tables that the store uses, in a schema of any name', async () => {
  for (const schema of [`${db.schema} "odd" $1 '; --`, `{{schema}} ${db.schema} $&`]) {
    await ensureTables(db.pool(), { schema });
    expect(await relations(schema)).toEqual(RELATIONS.toSorted());
    const session = postgresStore(db.pool(), { schema }).open(context);
    const { isApplied } = await session.commit([unit({ documents: [change('s:a', 0)] })]);
    expect(isApplied).toEqual([true]);
    await db.pool().query(`drop schema "${schema.replaceAll('"', '""')}" cascade`);
  }
});

it('is safe from 8 replicas at once, and touches nothing that is there', async () => {
  const schema = `${db.schema}_new`;
  const pools = Array.from({ length: 8 }, () => db.pool({ max: 1 }));
  await Promise.all(pools.map((pool) => ensureTables(pool, { schema })));
  const session = postgresStore(db.pool(), { schema }).open(context);
  await session.commit([unit({ documents: [change('s:a', 0)] })]);
  await ensureTables(db.pool(), { schema });
  expect(await session.list('', 10)).toHaveLength(1);
  await db.pool().query(`drop schema ${schema} cascade`);
});

it('makes what is missing of them', async () => {
  await ensureTables(db.pool(), { schema: db.schema });
  await db.pool().query('drop table ops_alerts_silences; drop index ops_alerts_documents_due_idx');
  await ensureTables(db.pool(), { schema: db.schema });
  expect(await relations(db.schema)).toEqual(RELATIONS.toSorted());
});

it('creates nothing through a user who may only use what is there', async () => {
  const pool = db.pool();
  await ensureTables(pool, { schema: db.schema });
  const role = `user_${db.schema}`;
  await pool.query(`create role ${role}; grant usage on schema ${db.schema} to ${role}`);
  const asUser = {
    connect: async () => {
      const client = await pool.connect();
      await client.query(`set role ${role}`);
      return {
        query: (text: string, values?: unknown[]) => client.query(text, values),
        release: () => client.release(true),
      };
    },
  };
  await ensureTables(asUser, { schema: db.schema });
  await expect(ensureTables(asUser, { schema: `${db.schema}_new` })).rejects.toThrow(
    /permission denied/,
  );
  // What an application needs to be granted: no right to create, nor on sequences.
  await pool.query(
    `grant select, insert, update, delete on all tables in schema ${db.schema} to ${role}`,
  );
  const session = postgresStore(asUser, { schema: db.schema }).open(context);
  const { isApplied } = await session.commit([unit({ documents: [change('s:a', 0)] })]);
  expect(isApplied).toEqual([true]);
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});

it('ships the same statements as a pack, for which the schema has to be there', async () => {
  expect(alertsTables.name).toBe('ops_alerts');
  for (const { sql } of alertsTables.migrations) {
    await db.pool().query(sql.replaceAll('{{schema}}', () => `"${db.schema}"`));
    await db.pool().query(sql.replaceAll('{{schema}}', () => `"${db.schema}"`));
  }
  expect(await relations(db.schema)).toEqual(RELATIONS.toSorted());
});

it('names what is wrong: options, pool, and tables that are not there', async () => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(ensureTables(db.pool(), { schema: db.schema, signal })).rejects.toBe(reason);
  await expect(ensureTables(db.pool(), { schema: '' })).rejects.toThrow(InvalidOptionsError);
  await expect(ensureTables({} as never)).rejects.toThrow(/expected a pg.Pool/);
  expect(() => postgresStore(undefined as never)).toThrow(/expected a pg.Pool/);
  expect(() => postgresStore(db.pool(), { schema: 'x'.repeat(64) })).toThrow(/1 to 63 bytes/);
  expect(() => postgresStore(db.pool(), { retention: 'soon' as never })).toThrow(/retention/);
  expect(() => postgresStore(db.pool(), { wrong: 1 } as never)).toThrow(/wrong/);
  for (const schema of [db.schema, 'nowhere']) {
    const session = postgresStore(db.pool(), { schema }).open(context);
    await expect(session.tick({ read: [], dueCount: 1, claim: [] })).rejects.toMatchObject({
      name: 'AlertTablesMissingError',
      code: 'ERR_OPS_ALERT_TABLES_MISSING',
      schema,
      cause: { code: '42P01' },
    });
  }
  expect(new AlertTablesMissingError('x').message).toMatch(/ensureTables/);
});
