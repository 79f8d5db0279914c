import { afterEach, describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMigrator, directory, type Migrator, type MigratorOptions } from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { runReplica } from '../replica.ts';
import { type Bouncer, pgbouncer, startPgbouncer } from './pgbouncer.ts';

const db = useDatabase();
const folder = useFolder();
const started: Bouncer[] = [];
afterEach(async () => {
  for (const bouncer of started.splice(0)) await bouncer[Symbol.asyncDispose]();
});

async function through(mode: 'transaction' | 'session', poolSize: number): Promise<string> {
  const bouncer = await startPgbouncer(db.url, mode, poolSize);
  started.push(bouncer);
  return bouncer.url;
}

function migrator(connection: MigratorOptions['connection']): Migrator {
  return createMigrator({
    connection,
    sources: [directory(folder.path)],
    history: { schema: db.schema },
  });
}

async function value(sql: string): Promise<unknown> {
  const { rows } = await db.pool().query({ text: sql, rowMode: 'array' });
  return (rows[0] as unknown[] | undefined)?.[0];
}

async function writeFiles(): Promise<void> {
  await folder.write({
    '1_a.sql': `create table ${db.schema}.t (a int); insert into ${db.schema}.t values (1);`,
    '2_b.sql': `create index concurrently i on ${db.schema}.t (a);`,
    '3_c.sql': `insert into ${db.schema}.t values (2);`,
  });
}

describe.skipIf(pgbouncer === undefined)(
  'a real PgBouncer (skipped where none is installed)',
  () => {
    test.each([1, 5])(
      'in transaction mode with %i server connections: up is refused, reading works',
      async (poolSize) => {
        await writeFiles();
        const url = await through('transaction', poolSize);
        const made = migrator(url);
        expect((await made.status()).pending).toHaveLength(3);
        await expect(made.assertCurrent()).rejects.toMatchObject({
          code: 'ERR_OPS_MIGRATION_PENDING',
        });
        await expect(made.up()).rejects.toMatchObject({
          code: 'ERR_OPS_MIGRATION_POOLED',
          hint: expect.stringContaining('pool_mode=session'),
        });
        expect(await value(`select to_regclass('${db.schema}.t')`)).toBeNull();
        expect(await value(`select to_regclass('${db.schema}.migrations')`)).toBeNull();
        await migrator(db.url).up();
        await made.assertCurrent();
        expect((await made.status()).applied).toHaveLength(3);
        expect((await made.up()).applied).toEqual([]);
      },
    );

    test('in transaction mode, several processes at once: none runs anything', async () => {
      await writeFiles();
      const url = await through('transaction', 5);
      const replicas = await Promise.all(
        Array.from({ length: 3 }, () => runReplica(url, folder.path, db.schema)),
      );
      expect(replicas.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
      expect(await value(`select to_regclass('${db.schema}.t')`)).toBeNull();
      const locks =
        "select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
      expect(await value(locks)).toBe(0);
    });

    test('in session mode, several processes at once: each file is applied once', async () => {
      await writeFiles();
      const url = await through('session', 20);
      const replicas = await Promise.all(
        Array.from({ length: 4 }, () => runReplica(url, folder.path, db.schema)),
      );
      expect(replicas.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
      expect(await value(`select array_agg(a order by a) from ${db.schema}.t`)).toEqual([1, 2]);
      expect((await migrator(url).status()).pending).toEqual([]);
    });

    test('in session mode, an abort cancels what is running', async () => {
      await folder.write({ '1_a.sql': 'select pg_sleep(600)' });
      const url = await through('session', 5);
      const controller = new AbortController();
      const running = migrator(url).up({ signal: controller.signal });
      const watching = db.pool({ max: 1 });
      const isAsleep =
        "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
      while ((await watching.query(isAsleep)).rowCount === 0);
      controller.abort('stop');
      await expect(running).rejects.toBe('stop');
      expect((await watching.query(isAsleep)).rowCount).toBe(0);
    });
  },
);
