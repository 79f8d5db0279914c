import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startTemporaryPostgres,
  type TemporaryPostgres,
} from '../../../../test/temporary-postgres.ts';
import { createMigrator, directory } from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { type Recorded, recordedClient } from './recorded-client.ts';

// The server that tests share does not wait for the disk, so this needs one of its own.
let server: TemporaryPostgres;
const folder = useFolder();
beforeAll(async () => {
  server = await startTemporaryPostgres({ settings: { fsync: 'off' } });
});
afterAll(() => server.stop());

const READ = "create table %s as select current_setting('synchronous_commit') as sync";

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Applies the folder into a history of its own; counts how often it waited for the disk at the end. */
async function up(history: string, url: string = server.url): Promise<{ flushes: () => number }> {
  const { sent, connect }: Recorded = recordedClient(url);
  const sources = [directory(folder.path)];
  const migrator = createMigrator({ connection: connect, sources, history: { schema: history } });
  await migrator.up().catch((error: unknown) => {
    if ((error as { sqlstate?: string }).sqlstate !== '22012') throw error;
  });
  return {
    flushes: () => sent.filter((text) => text.includes('synchronous_commit to default')).length,
  };
}

describe('commits', () => {
  test('wait for the disk once, at the end, and always outside of transactions', async () => {
    await folder.write({
      '1_a.sql': READ.replace('%s', 'a'),
      '2_b.sql': `create table b (sync text); do $$ begin insert into b values (current_setting('synchronous_commit')); commit; end $$;`,
      '3_c.sql': `set synchronous_commit = local; ${READ.replace('%s', 'c')}; vacuum c; ${READ.replace('%s', 'd')}`,
    });
    expect((await up('first')).flushes()).toBe(1);
    expect(
      await query('select a.sync as a, b.sync as b, c.sync as c, d.sync as d from a, b, c, d'),
    ).toEqual([{ a: 'off', b: 'on', c: 'local', d: 'local' }]);
    expect((await up('first')).flushes()).toBe(0);
  });

  test('of the files before a failure are on disk, too', async () => {
    await folder.write({ '1_a.sql': 'create table e (n int)', '2_b.sql': 'select 1 / 0' });
    expect((await up('second')).flushes()).toBe(1);
  });

  test('are waited for whatever the last file has left, and whoever has locked the history', async () => {
    await folder.write({ '1_a.sql': 'create table g (n int)' });
    await up('fourth');
    const blocker = new pg.Client({ connectionString: server.url });
    await blocker.connect();
    await blocker.query('begin; select from fourth.migrations for update');
    await folder.write({
      '2_b.sql': 'create role idle; set default_transaction_read_only = on; set role idle',
    });
    expect((await up('fourth')).flushes()).toBe(1);
    await blocker.end();
    const behind = 'pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()';
    expect(await query(`select ${behind} < 1000 as flushed`)).toEqual([{ flushed: true }]);
  });

  test('wait each time where the role says so', async () => {
    await query("create role strict login superuser password 'p'");
    await query('alter role strict set synchronous_commit = on');
    const url = new URL(server.url);
    url.username = 'strict';
    url.password = 'p';
    await folder.write({ '1_a.sql': READ.replace('%s', 'f') });
    expect((await up('third', url.href)).flushes()).toBe(0);
    expect(await query('select sync from f')).toEqual([{ sync: 'on' }]);
  });
});
