import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { useDatabase } from '../../../../../test/postgres.ts';
import type { TraceDatabase } from '../../../src/lint/trace/database.ts';
import { describeReplay } from './conformance.ts';

const db = useDatabase();
let client: pg.Client | undefined;

beforeAll(async () => {
  client = new pg.Client({ connectionString: db.url });
  await client.connect();
});
afterAll(() => client?.end());

const database: TraceDatabase = {
  async run(sql) {
    await client?.query(sql);
  },
  async rows<Row>(sql: string, values?: unknown[]) {
    return ((await client?.query(sql, values))?.rows ?? []) as Row[];
  },
  close: async () => {},
};

// The server that everybody runs says the same as PGlite.
describeReplay(() => database);
