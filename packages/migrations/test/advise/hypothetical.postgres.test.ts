import pg from 'pg';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  type AdviceReport,
  type AdviseOptions,
  advise,
  formatAdvice,
} from '../../src/advise/index.ts';

const db = useDatabase();

/** The embedded test server has no extensions; a Debian server may have hypopg. */
async function hasHypopg(): Promise<boolean> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  const { rows } = await client.query("select from pg_available_extensions where name = 'hypopg'");
  await client.end();
  return rows.length > 0;
}

describe.skipIf(!(await hasHypopg()))('hypopg (skipped where the server does not have it)', () => {
  beforeAll(async () => {
    const client = new pg.Client({ connectionString: db.url });
    await client.connect();
    // Not in the search path, as with hosted databases that keep extensions apart.
    await client.query(
      'create schema "extra Schema"; create extension hypopg schema "extra Schema"',
    );
    await client.end();
  });

  async function run(options: Partial<AdviseOptions> = {}): Promise<AdviceReport> {
    await db.pool().query(`
      create table orders (id int primary key, customer int, tags text[]);
      insert into orders select g, g % 5000, array['x'] from generate_series(1, 50000) g;
      analyze orders`);
    return advise(db.pool(), {
      indexes: ['create index concurrently orders_customer on orders (customer)'],
      queries: [{ name: 'one', text: 'select * from orders where customer = $1', values: [7] }],
      ...options,
    });
  }

  test('auto estimates costs and a size, and never says a time', async () => {
    const report = await run();
    expect(report).toMatchObject({
      method: 'hypothetical',
      queries: [
        {
          outcome: 'faster',
          changes: [{ table: 'orders', before: 'Seq Scan' }],
        },
      ],
      indexes: [{ name: 'orders_customer', verdict: 'buys', isEstimate: true }],
    });
    const [query] = report.queries;
    expect(query?.changes[0]?.after).toContain('orders_customer');
    expect(query?.before?.medianMs).toBeUndefined();
    expect(query?.ratio).toBeGreaterThan(5);
    expect(report.indexes[0]?.bytes).toBeGreaterThan(500_000);
    const text = formatAdvice(report);
    expect(text).toContain('one: estimated cost ');
    expect(text).not.toMatch(/\d ms/);
    const { rows } = await db
      .pool()
      .query('select from pg_class where relname = $1', ['orders_customer']);
    expect(rows).toEqual([]);
  });

  test('does not run the query, so that one that writes can be planned', async () => {
    const report = await run({
      queries: [{ name: 'delete', text: 'delete from orders where customer = 7' }],
    });
    expect(report.queries[0]?.outcome).toBe('faster');
    const { rows } = await db.pool().query('select count(*)::int as n from orders');
    expect(rows).toEqual([{ n: 50_000 }]);
  });

  test('an access method that hypopg does not know is a trouble of that index', async () => {
    const report = await run({
      indexes: [
        'create index orders_tags on orders using gin (tags)',
        'create index orders_customer on orders (customer)',
      ],
    });
    expect(report.indexes).toMatchObject([
      { verdict: 'not-measured', trouble: { message: expect.stringContaining('gin') as string } },
      { verdict: 'buys' },
    ]);
  });

  test('works while writes go on, and while the table is being written to', async () => {
    const writer = await db.pool().connect();
    try {
      await db.pool().query('create table busy (a int)');
      await writer.query('begin; insert into busy values (1)');
      const report = await run({
        indexes: ['create index busy_a on busy (a)'],
        queries: [{ name: 'busy', text: 'select * from busy where a = 1' }],
        lockTimeout: '50ms',
      });
      expect(report.indexes[0]?.trouble).toBeUndefined();
    } finally {
      await writer.query('rollback');
      writer.release();
    }
  });

  test('leaves no hypothetical index in a session that goes on, and does not count those of before', async () => {
    const client = new pg.Client({
      connectionString: db.url,
      options: `-c search_path=${db.schema}`,
    });
    await client.connect();
    // To look at the session afterwards.
    const kept = {
      query: async (text: string, values?: unknown[]) => client.query(text, values),
      on: client.on.bind(client),
      off: client.off.bind(client),
      end: async () => {},
    };
    try {
      await db
        .pool()
        .query('create table t (a int); insert into t select generate_series(1, 50000); analyze t');
      await client.query(
        `select * from "extra Schema".hypopg_create_index('create index on t (a)')`,
      );
      const report = await advise(async () => kept, {
        indexes: ['create index t_a on t (a)'],
        queries: [{ name: 'one', text: 'select * from t where a = 1' }],
      });
      expect(report.queries[0]).toMatchObject({ outcome: 'faster' });
      const { rows } = await client.query('select * from "extra Schema".hypopg()');
      expect(rows).toEqual([]);
    } finally {
      await client.end();
    }
  });
});
