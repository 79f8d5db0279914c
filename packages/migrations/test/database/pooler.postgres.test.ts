import type pg from 'pg';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMigrator, directory, type SqlPoolClient } from '../../src/index.ts';
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
          return await server.query(text, values);
        } finally {
          if (/^(?:begin|commit|rollback)/.test(text)) isInTransaction = text.startsWith('begin');
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
