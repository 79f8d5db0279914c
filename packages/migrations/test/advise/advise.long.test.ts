import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  type AdviceEvent,
  type AdviceQuery,
  type AdviceReport,
  type AdviseOptions,
  advise,
  compareMeasurements,
  formatAdvice,
  type Measurement,
  measure,
} from '../../src/advise/index.ts';

const db = useDatabase();

/** 20,000 rows, so that one of them is found faster by an index than without. */
async function orders(): Promise<void> {
  await db.pool().query(`
    create table orders (id int primary key, customer int, note text, placed timestamptz);
    insert into orders
    select g, g % 5000, repeat('x', 50), timestamptz '2025-01-01' + g * interval '1 minute'
    from generate_series(1, 20000) g`);
  await db.pool().query('vacuum analyze orders');
}

const byCustomer: AdviceQuery = {
  name: 'by customer',
  text: 'select count(*), max(note) from orders where customer = $1',
  values: [7],
};
const customerIndex = 'create index orders_customer on orders (customer)';

async function run(options: Partial<AdviseOptions>): Promise<AdviceReport> {
  const defaults: AdviseOptions = { indexes: [customerIndex], queries: [byCustomer] };
  return advise(db.pool(), { ...defaults, method: 'build', runs: 3, ...options });
}

async function indexNames(): Promise<string[]> {
  const { rows } = await db
    .pool()
    .query('select indexname as name from pg_indexes where schemaname = $1 order by 1', [
      db.schema,
    ]);
  return rows.map((row: { name: string }) => row.name);
}

describe('the method build', () => {
  test('measures without and with the index, and leaves nothing behind', async () => {
    await orders();
    const events: AdviceEvent[] = [];
    const report = await run({ onEvent: (event) => events.push(event) });
    expect(report.method).toBe('build');
    const [query] = report.queries;
    expect(query).toMatchObject({
      name: 'by customer',
      outcome: 'faster',
      changes: [{ schema: db.schema, table: 'orders', before: 'Seq Scan' }],
    });
    expect(query?.changes[0]?.after).toContain('using orders_customer');
    expect(query?.before?.medianMs).toBeGreaterThan(query?.after?.medianMs ?? Infinity);
    expect(query?.ratio).toBeCloseTo(
      (query?.before?.medianMs ?? 0) / (query?.after?.medianMs ?? 1),
      6,
    );
    expect(query?.before?.bytesRead).toBeGreaterThan(query?.after?.bytesRead ?? Infinity);
    expect(report.indexes).toMatchObject([
      {
        name: 'orders_customer',
        schema: db.schema,
        table: 'orders',
        verdict: 'buys',
        speedsUp: ['by customer'],
        isEstimate: false,
      },
    ]);
    expect(report.indexes[0]?.bytes).toBeGreaterThan(100_000);
    expect(report.indexes[0]?.buildMs).toBeGreaterThan(0);
    expect(events.map(({ type }) => type)).toEqual([
      'query-finished',
      'index-built',
      'query-finished',
    ]);
    expect(await indexNames()).toEqual(['orders_pkey']);
    expect(formatAdvice(report)).toMatch(
      /by customer: [\d.]+ ms → [\d.]+ ms \([\d.,]+ ×\)\n {2}orders: Seq Scan → /,
    );
  });

  test('stops writes to the table and not reads, until it has rolled back', async () => {
    await orders();
    const pool = db.pool();
    const seen: string[] = [];
    await run({
      runs: 1,
      queries: [byCustomer, { name: 'slow', text: 'select pg_sleep(0.3)' }],
      onEvent: (event) => {
        if (event.type !== 'index-built') return;
        void pool
          .query('update orders set customer = 1 where id = 1')
          .then(() => seen.push('write'));
        void pool.query('select count(*) from orders').then(() => seen.push('read'));
      },
    }).then(() => seen.push('advice'));
    await expect.poll(() => seen).toHaveLength(3);
    expect(seen[0]).toBe('read');
  });

  test('gives up on a table whose lock is taken, and measures the others', async () => {
    await orders();
    await db.pool().query('create table other (a int)');
    const holder = await db.pool().connect();
    try {
      await holder.query('begin; update orders set customer = 2 where id = 2');
      const report = await run({
        indexes: [customerIndex, 'create index other_a on other (a)'],
        lockTimeout: '50ms',
      });
      expect(report.indexes).toMatchObject([
        { name: 'orders_customer', verdict: 'not-measured', trouble: { sqlstate: '55P03' } },
        { name: 'other_a', verdict: 'unused' },
      ]);
      expect(report.queries[0]?.outcome).toBe('same');
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  });

  test('says of an index that the building transaction may not use that it was not measured', async () => {
    await db.pool().query(`
      create table hot (id int primary key, a int) with (fillfactor = 10);
      insert into hot select g, g from generate_series(1, 1000) g`);
    const old = await db.pool().connect();
    try {
      await old.query('begin isolation level repeatable read; select count(*) from hot');
      await db.pool().query('update hot set a = a + 1');
      const report = await run({
        indexes: ['create index hot_a on hot (a)'],
        queries: [{ name: 'q', text: 'select * from hot where a = 5' }],
      });
      expect(report.indexes[0]).toMatchObject({ verdict: 'not-measured' });
      expect(report.indexes[0]?.trouble?.message).toContain('does not use it in the transaction');
    } finally {
      await old.query('rollback');
      old.release();
    }
  });
});

describe('indexes that are there, or are not', () => {
  test('one that is there is reported with its size, its scans and who uses it', async () => {
    await orders();
    await db.pool().query(customerIndex);
    const report = await run({});
    expect(report.indexes[0]).toMatchObject({
      verdict: 'present',
      usedBy: ['by customer'],
      speedsUp: [],
    });
    expect(report.indexes[0]?.scanCount).toBeGreaterThanOrEqual(0);
    // There is nothing to build, so nothing was locked and nothing is compared.
    expect(report.method).toBe('none');
    expect(report.queries[0]?.after).toBeUndefined();
  });

  test('one of that name with another definition is not taken for it', async () => {
    await orders();
    await db.pool().query('create index orders_customer on orders (customer, id)');
    const report = await run({});
    expect(report.indexes[0]?.verdict).toBe('not-measured');
    expect(report.indexes[0]?.trouble?.message).toContain('another definition');
  });

  test('one that was left INVALID counts as absent, and its name is in the way of a build', async () => {
    await orders();
    await db
      .pool()
      .query('create unique index concurrently orders_customer on orders (customer)')
      .catch(() => {});
    const report = await run({});
    expect(report.indexes[0]).toMatchObject({
      verdict: 'not-measured',
      trouble: { sqlstate: '42P07' },
    });
  });

  test('redundant ones are named, with the index that serves for them', async () => {
    const cases: readonly (readonly [
      string,
      existing: string,
      wanted: string,
      isRedundant: boolean,
    ])[] = [
      ['the same', '(a)', 'index on t (a)', true],
      ['the first of more keys', '(a, b)', 'index on t (a)', true],
      ['the other direction', '(a, b desc)', 'index on t (a desc, b)', true],
      ['a part of what is all there', '(a)', 'index on t (a) where b > 5', true],
      ['with a column that is a key there', '(a, b)', 'index on t (a) include (b)', true],
      ['only a part is there', '(a) where b > 5', 'index on t (a)', false],
      ['other directions', '(a, b desc)', 'index on t (a, b)', false],
      ['it enforces something', '(a, b)', 'unique index on t (a, b)', false],
      ['an included column is missing there', '(a)', 'index on t (a) include (b)', false],
      ['another operator class', '(c)', 'index on t (c text_pattern_ops)', false],
      ['another order of keys', '(b, a)', 'index on t (a)', false],
    ];
    for (const [at, [, existing]] of cases.entries()) {
      await db
        .pool()
        .query(
          `create table t${at} (a int, b int, c text); create index x${at} on t${at} ${existing}`,
        );
    }
    const { indexes } = await run({
      indexes: cases.map(
        ([, , wanted], at) => `create ${wanted.replace('index on t', `index w${at} on t${at}`)}`,
      ),
      method: 'auto',
      queries: [{ name: 'nothing', text: 'select 1' }],
    });
    expect(
      indexes.map((index, at) => [cases[at]?.[0], index.verdict, index.redundantWith]),
    ).toEqual(
      cases.map(([what, , , isRedundant], at) =>
        isRedundant ? [what, 'redundant', `x${at}`] : [what, 'not-measured', undefined],
      ),
    );
  });

  test('of two wanted ones that are the same, the second is redundant', async () => {
    await orders();
    const report = await run({
      indexes: [customerIndex, 'create index again on orders (customer desc)'],
      method: 'auto',
    });
    expect(report.indexes.map((index) => index.redundantWith)).toEqual([
      undefined,
      'orders_customer',
    ]);
  });

  test('a name that the server cuts is cut', async () => {
    await orders();
    const name = 'x'.repeat(70);
    const report = await run({ indexes: [`create index ${name} on orders (customer)`] });
    expect(report.indexes[0]).toMatchObject({ name: name.slice(0, 63), verdict: 'buys' });
  });

  test('a missing table and a wrong column are troubles of that index', async () => {
    await orders();
    const report = await run({
      indexes: [
        'create index a on missing (x)',
        'create index b on orders (missing)',
        customerIndex,
      ],
    });
    expect(report.indexes).toMatchObject([
      { verdict: 'not-measured', trouble: { sqlstate: '42P01' } },
      { verdict: 'not-measured', trouble: { sqlstate: '42703' } },
      { verdict: 'buys' },
    ]);
  });
});

describe('queries that cannot be measured', () => {
  test('each says why, and the others are measured', async () => {
    await orders();
    await db.pool().query('create sequence orders_seq');
    const bad: Readonly<
      Record<string, readonly [Omit<AdviceQuery, 'name'>, sqlstateOrText: string]>
    > = {
      writes: [{ text: 'update orders set customer = 1' }, '25006'],
      'writes in a CTE': [
        { text: 'with x as (delete from orders returning 1) select * from x' },
        '25006',
      ],
      'makes a table': [{ text: 'create table copied as select 1' }, 'creates something'],
      'locks rows': [{ text: 'select * from orders for update' }, '25006'],
      'calls a function that writes': [{ text: "select nextval('orders_seq')" }, '25006'],
      'asks for what is not there': [{ text: 'select missing from orders' }, '42703'],
      'is longer than the limit': [{ text: 'select pg_sleep(30)' }, '57014'],
      'fails when run': [{ text: 'select 1 / (id - id) from orders' }, '22012'],
      'is no query': [{ text: 'vacuum orders' }, '42601'],
      'wants more values': [{ text: 'select $1::int + $2::int', values: [1] }, 'expected 2 values'],
      'has values too many': [{ text: "select '$1'", values: [1] }, 'expected 0 values'],
      'is several': [{ text: 'select 1; commit; drop table orders' }, 'got 3 statements'],
      'is none': [{ text: ' -- nothing' }, 'got 0 statements'],
      'has no end': [{ text: "select 'x" }, 'without an end'],
      'takes values from a failure': [{ text: 'select $1', valuesFrom: 'select x' }, '42703'],
      'takes values from two': [
        { text: 'select $1', valuesFrom: 'select 1; drop table orders' },
        'valuesFrom: expected one statement',
      ],
      'takes values from a write': [
        { text: 'select $1', valuesFrom: 'insert into orders (id) values (0) returning id' },
        '25006',
      ],
    };
    const report = await run({
      queries: [...Object.entries(bad).map(([name, [query]]) => ({ name, ...query })), byCustomer],
      statementTimeout: '200ms',
      runs: 1,
    });
    const said = Object.fromEntries(
      report.queries.map(({ name, trouble, after }) => [
        name,
        after === undefined ? (trouble?.sqlstate ?? trouble?.message) : 'measured',
      ]),
    );
    expect(said).toEqual({
      ...Object.fromEntries(
        Object.entries(bad).map(([name, [, expected]]) => [
          name,
          expect.stringContaining(expected) as string,
        ]),
      ),
      'by customer': 'measured',
    });
    const { rows } = await db
      .pool()
      .query('select count(*)::int as n from orders where customer = 1');
    expect(rows).toEqual([{ n: 4 }]);
  });

  test('values come from a statement; without a row there is nothing to measure with', async () => {
    await orders();
    const text = byCustomer.text;
    const report = await run({
      queries: [
        { name: 'found', text, valuesFrom: 'select customer from orders where id = 7' },
        { name: 'none', text, valuesFrom: 'select customer from orders where id < 0' },
      ],
      runs: 1,
    });
    expect(report.queries[0]?.outcome).toBe('faster');
    expect(report.queries[1]?.trouble?.message).toContain('gave no row');
  });

  test('a table that may not be read', async () => {
    await orders();
    const role = `reader_${db.schema}_${process.pid}`;
    await db.pool().query(`create role ${role}; grant usage on schema ${db.schema} to ${role}`);
    try {
      const report = await advise(
        db.pool({ options: `-c search_path=${db.schema} -c role=${role}` }),
        {
          indexes: [customerIndex],
          queries: [byCustomer],
          method: 'build',
        },
      );
      expect(report.queries[0]?.trouble?.sqlstate).toBe('42501');
      expect(report.indexes[0]).toMatchObject({
        verdict: 'not-measured',
        trouble: { sqlstate: '42501' },
      });
      expect(report.notes.join()).toContain('permission denied');
    } finally {
      await db.pool().query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe('measuring now and later', () => {
  const options = { indexes: [customerIndex], queries: [byCustomer], runs: 3 };

  test('two measurements, saved as JSON, say what an index built in between buys', async () => {
    await orders();
    const saved = JSON.stringify(await measure(db.pool(), options));
    await db.pool().query(customerIndex.replace('index', 'index concurrently'));
    const before = JSON.parse(saved) as Measurement;
    const after = await measure(db.pool(), { ...options, queries: before.queries });
    const report = compareMeasurements(before, after);
    expect(report).toMatchObject({
      method: 'compare',
      queries: [{ name: 'by customer', outcome: 'faster' }],
      indexes: [{ verdict: 'buys', speedsUp: ['by customer'] }],
      notes: [],
    });
  });

  test('another value is another query', async () => {
    await orders();
    const before = await measure(db.pool(), options);
    const other = { ...byCustomer, values: [8] };
    const after = await measure(db.pool(), { ...options, queries: [other] });
    expect(compareMeasurements(before, after).queries[0]).toMatchObject({
      outcome: 'unknown',
      trouble: { message: 'its text or values differ between the measurements' },
    });
  });

  test('leaves reads and writes alone: it works while another transaction writes', async () => {
    await orders();
    const writer = await db.pool().connect();
    try {
      await writer.query('begin; update orders set customer = customer + 0');
      const { queries } = await measure(db.pool(), { ...options, lockTimeout: '50ms' });
      expect(queries[0]?.reading?.samplesMs).toHaveLength(3);
    } finally {
      await writer.query('rollback');
      writer.release();
    }
  });

  test('an index that goes away between the runs makes no figure', async () => {
    await orders();
    await db.pool().query(customerIndex);
    const client = new pg.Client({
      connectionString: db.url,
      options: `-c search_path=${db.schema}`,
    });
    const admin = db.pool();
    let runs = 0;
    const send = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    client.query = (async (...args: unknown[]) => {
      const [text] = args;
      if (typeof text === 'string' && text.startsWith('explain')) {
        runs += 1;
        if (runs === 3) await admin.query('set lock_timeout = 0; drop index orders_customer');
      }
      return send(...args);
    }) as typeof client.query;
    await client.connect();
    const { queries } = await measure(async () => client, options);
    expect(queries[0]?.trouble?.message).toContain('plan changed between the runs');
  });
});

describe('without hypopg in the database', () => {
  test('auto measures what is there and says how to learn more', async () => {
    await orders();
    const report = await run({ method: 'auto', runs: 1 });
    expect(report).toMatchObject({
      method: 'none',
      queries: [{ outcome: 'unknown' }],
      indexes: [{ verdict: 'not-measured' }],
    });
    expect(report.queries[0]?.before?.medianMs).toBeGreaterThan(0);
    expect(report.queries[0]?.after).toBeUndefined();
    expect(report.notes.join()).toContain('hypopg');
    expect(formatAdvice(report)).not.toContain('→');
  });

  test('hypothetical is refused', async () => {
    await orders();
    await expect(run({ method: 'hypothetical' })).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_ADVICE_METHOD',
      method: 'hypothetical',
    });
  });
});

test('an abort ends the running query and rejects with its reason', async () => {
  await orders();
  const controller = new AbortController();
  const reason = new Error('enough');
  const pool = db.pool();
  const advice = run({
    signal: controller.signal,
    queries: [{ name: 'slow', text: 'select pg_sleep(60)' }],
    statementTimeout: '60s',
  });
  const sleeping =
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and query like 'explain%pg_sleep(60)%'";
  await expect.poll(async () => (await pool.query(sleeping)).rows).toEqual([{ n: 1 }]);
  controller.abort(reason);
  await expect(advice).rejects.toBe(reason);
  await expect
    .poll(async () => (await pool.query(`${sleeping} and state = 'active'`)).rows)
    .toEqual([{ n: 0 }]);
});

test('a lost connection is one clear error', async () => {
  await orders();
  await expect(
    run({ queries: [{ name: 'q', text: 'select pg_terminate_backend(pg_backend_pid())' }] }),
  ).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_CONNECTION' });
});

test('the connection that it borrowed is closed, and the pool goes on with another', async () => {
  await orders();
  const pool = db.pool({ max: 1 });
  const pid = async (): Promise<unknown> => (await pool.query('select pg_backend_pid()')).rows[0];
  const first = await pid();
  await advise(pool, { indexes: [customerIndex], queries: [byCustomer], runs: 1 });
  expect(await pid()).not.toEqual(first);
  expect(pool.totalCount).toBe(1);
});
