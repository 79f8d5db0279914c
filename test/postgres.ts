import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';

/** A database for one test file, and in it a schema for each test. */
export interface TestDatabase {
  /** Connection string of the file's database. Read it inside a test or hook. */
  readonly url: string;
  /** Name of the running test's own schema, dropped after the test. */
  readonly schema: string;
  /**
   * A pool whose `search_path` is the running test's schema alone; ended after the test.
   * Made anew by each call.
   */
  pool(config?: pg.PoolConfig): pg.Pool;
}

/**
 * Call once at the top of a `*.postgres.test.ts` file. Creates the database before the file's
 * tests and drops it, connections included, after them.
 */
export function useDatabase(): TestDatabase {
  const name = `ops_test_${randomBytes(6).toString('hex')}`;
  let url = '';
  let schema = '';
  let testCount = 0;
  const pools: pg.Pool[] = [];

  beforeAll(async () => {
    const server = inject('postgresUrl');
    await onServer(server, `create database ${name}`);
    const database = new URL(server);
    database.pathname = `/${name}`;
    url = database.href;
  });
  beforeEach(async () => {
    testCount += 1;
    schema = `test_${testCount}`;
    await onServer(url, `create schema ${schema}`);
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await onServer(url, `drop schema ${schema} cascade`);
  });
  afterAll(async () => {
    await onServer(inject('postgresUrl'), `drop database if exists ${name} with (force)`);
  });

  return {
    get url() {
      return url;
    },
    get schema() {
      return schema;
    },
    pool(config = {}) {
      const pool = new pg.Pool({
        connectionString: url,
        options: `-c search_path=${schema}`,
        ...config,
      });
      // A test that terminates backends sees the error where it awaits the query.
      pool.on('error', () => {});
      pools.push(pool);
      return pool;
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
