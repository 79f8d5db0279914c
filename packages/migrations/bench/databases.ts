import pg from 'pg';
import { startTemporaryPostgres } from '../../../test/temporary-postgres.ts';

/** A server of its own with its settings as they come, so every commit is flushed to the disk. */
export interface Databases extends AsyncDisposable {
  readonly version: string;
  /** Settings that decide what a commit costs. */
  readonly durability: string;
  /** Median time of a commit of one row. */
  readonly commitMs: number;
  /** An empty one. */
  create(): Promise<Database>;
}

export interface Database {
  readonly url: string;
  query<R extends pg.QueryResultRow>(sql: string): Promise<R[]>;
  drop(): Promise<void>;
}

/** @throws when the server does not flush: then the times would mean nothing. */
export async function startDatabases(): Promise<Databases> {
  const server = await startTemporaryPostgres();
  const admin = new pg.Client({ connectionString: server.url });
  try {
    await admin.connect();
    let count = 0;
    return {
      version: await setting(admin, 'server_version'),
      durability: await readDurability(admin),
      commitMs: await measureCommit(admin),
      async create() {
        count += 1;
        const name = `bench_${count}`;
        await admin.query(`create database ${name}`);
        // Or the one that comes next pays for flushing what the one before has written.
        await admin.query('checkpoint');
        return openDatabase(admin, server.url, name);
      },
      async [Symbol.asyncDispose]() {
        await admin.end();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function openDatabase(admin: pg.Client, serverUrl: string, name: string): Database {
  const url = new URL(serverUrl);
  url.pathname = name;
  return {
    url: url.href,
    async query<R extends pg.QueryResultRow>(sql: string) {
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      try {
        return (await client.query<R>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async drop() {
      await admin.query(`drop database ${name} with (force)`);
    },
  };
}

async function setting(admin: pg.Client, name: string): Promise<string> {
  const { rows } = await admin.query<{ value: string }>('select current_setting($1) as value', [
    name,
  ]);
  return rows[0]?.value ?? '';
}

async function readDurability(admin: pg.Client): Promise<string> {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes'];
  for (const name of names) {
    const value = await setting(admin, name);
    if (value !== 'on') throw new Error(`the server is not durable: ${name} is ${value}`);
  }
  return names.map((name) => `${name} on`).join(', ');
}

async function measureCommit(admin: pg.Client): Promise<number> {
  await admin.query('create table bench_commit (id integer)');
  const times: number[] = [];
  for (let at = 0; at < 101; at += 1) {
    const startedAt = performance.now();
    await admin.query('insert into bench_commit values (1)');
    times.push(performance.now() - startedAt);
  }
  await admin.query('drop table bench_commit');
  return times.toSorted((one, other) => one - other)[50] ?? Number.NaN;
}
