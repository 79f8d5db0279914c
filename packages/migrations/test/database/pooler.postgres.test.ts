import type pg from 'pg';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMigrator, directory, type SqlClient, type SqlPoolClient } from '../../src/index.ts';
import { useFolder } from '../folder.ts';

const db = useDatabase();
const folder = useFolder();

/**
 * What a pooler in transaction mode does to its clients: a server connection for each transaction,
 * the one given back last first (as PgBouncer), or a round robin.
 */
function behindPooler(
  servers: readonly pg.PoolClient[],
  order: 'last' | 'round',
): () => Promise<SqlPoolClient> {
  const idle = [...servers];
  return async () => {
    let server: pg.PoolClient | undefined;
    let isInTransaction = false;
    return {
      async query(text, values) {
        server ??= order === 'last' ? idle.pop() : idle.shift();
        if (server === undefined) throw new Error('no more server connections');
        try {
          if (/^\s*begin\b/.test(text)) isInTransaction = true;
          const result = await server.query(text, values);
          if (/\b(?:commit|rollback)$/.test(text)) isInTransaction = false;
          return result;
        } finally {
          if (!isInTransaction) {
            idle.push(server);
            server = undefined;
          }
        }
      },
      on: () => {},
      off: () => {},
      release: () => {
        if (server) idle.push(server);
      },
    };
  };
}

test.each([
  ['a pool', 'last', 2],
  ['a pool and one server connection', 'last', 1],
  ['a single client', 'round', 3],
] as const)(
  '%s behind a transaction pooler is refused, reading works',
  async (kind, order, count) => {
    await folder.write({ '1_a.sql': 'create table t (a int)' });
    const pool = db.pool();
    const servers = await Promise.all(Array.from({ length: count }, () => pool.connect()));
    const connect = behindPooler(servers, order);
    const single = async () => {
      const { release, ...client } = await connect();
      return { ...client, end: async () => release() };
    };
    const made = createMigrator({
      connection: kind === 'a single client' ? single : { connect },
      sources: [directory(folder.path)],
      history: { schema: db.schema },
    });
    expect((await made.status()).pending).toHaveLength(1);
    await expect(made.up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_POOLED',
      hint: expect.stringContaining('6543'),
    });
    for (const server of servers) server.release();
    expect((await db.pool().query("select to_regclass('t') as t")).rows).toEqual([{ t: null }]);
  },
);

test.each([
  ['before the lock', 'pg_try_advisory_lock'],
  ['before the first file', 'create table t'],
  ['in a later file', 'create table u'],
])(
  'a pooler that shows itself only %s: nothing is committed without the lock',
  async (_when, text) => {
    await folder.write({
      '1_a.sql': 'create table t (a int)',
      '2_b.sql': 'vacuum t',
      '3_c.sql': 'create table u (a int)',
    });
    const [first, second] = await Promise.all([db.pool().connect(), db.pool().connect()]);
    let now = first;
    const connection = async (): Promise<SqlClient> => ({
      query(sql, values) {
        if (sql.includes(text)) now = second;
        return now.query(sql, values);
      },
      end: async () => {},
      on: () => {},
      off: () => {},
    });
    first.on('error', () => {});
    const history = { schema: db.schema };
    const made = createMigrator({ connection, sources: [directory(folder.path)], history });
    await expect(made.up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_POOLED' });
    const left = await db
      .pool()
      .query(
        "select count(*)::int as locks from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      );
    expect(left.rows).toEqual([{ locks: 0 }]);
    const { applied, pending } = await createMigrator({
      connection: db.pool(),
      sources: [directory(folder.path)],
      history,
    }).status();
    expect([...applied, ...pending].map(({ version }) => version)).toEqual(['1', '2', '3']);
    const tables = await db
      .pool()
      .query("select to_regclass('t') is not null as t, to_regclass('u') as u");
    expect(tables.rows).toEqual([{ t: applied.length > 0, u: null }]);
    first.release(true);
    second.release(true);
  },
);
