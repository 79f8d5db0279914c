import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMigrator, directory, type MigrationEvent, type UpReport } from '../../src/index.ts';
import { useFolder } from '../folder.ts';

const db = useDatabase();
const folder = useFolder();

async function up(statement: string, onEvent?: (event: MigrationEvent) => void): Promise<UpReport> {
  await folder.write({ '1_index.sql': statement });
  return createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    onEvent,
  }).up();
}

async function table(
  rows: string = 'select g % 100, g::text, null from generate_series(1, 1000) g',
): Promise<void> {
  await db.pool().query(`create table t (a int, b text, c timestamptz); insert into t ${rows}`);
}

async function definition(name: string): Promise<string> {
  const { rows } = await db
    .pool()
    .query(
      "select indisvalid as valid, replace(pg_get_indexdef(indexrelid), $2 || '.', '') as def from pg_index where indexrelid = to_regclass($1)",
      [name, db.schema],
    );
  const [row] = rows as { valid: boolean; def: string }[];
  return row === undefined ? 'none' : `${row.valid ? '' : 'INVALID '}${row.def}`;
}

/** What a failed or killed build leaves: a unique build over duplicates. */
async function leaveInvalid(
  sql: string = 'create unique index concurrently i on t (a)',
): Promise<void> {
  await db
    .pool()
    .query(sql)
    .catch(() => {});
  expect(await definition('i')).toMatch(/^INVALID/);
}

describe('an index that is there already', () => {
  const same: readonly (readonly [existing: string, wanted: string])[] = [
    ['create index i on t (a)', 'CREATE INDEX CONCURRENTLY i ON t USING btree (a ASC NULLS LAST)'],
    [
      'create index i on t (lower(b) text_pattern_ops)',
      'create index concurrently i on t ((lower(b)) text_pattern_ops)',
    ],
    [
      'create index i on t (c desc) where b is not null and a > 1',
      'create index concurrently if not exists i on t (c desc nulls first) where b is not null and (a>1)',
    ],
    [
      'create unique index i on t (b) include (a) with (fillfactor=70)',
      'create unique index concurrently i on t (b) include (a) with (fillfactor = 70)',
    ],
    ['create index i on t ((a + 1))', 'create index concurrently i on t ((t.a + 1))'],
    ['create index i on t using hash (b)', 'create index concurrently i on t using hash (b)'],
    ['create index i on t (b collate "C")', 'create index concurrently i on t (b collate "C")'],
  ];
  test.each(same)('is taken as done when it is the same: %s', async (existing, wanted) => {
    await table();
    await db.pool().query(existing);
    const before = await db.pool().query("select 'i'::regclass::oid as oid");
    const events: MigrationEvent[] = [];
    await up(wanted, (event) => events.push(event));
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step-finished', outcome: 'present' }),
    );
    expect((await db.pool().query("select 'i'::regclass::oid as oid")).rows).toEqual(before.rows);
  });

  const other: readonly (readonly [existing: string, wanted: string])[] = [
    ['create index i on t (a)', 'create index concurrently if not exists i on t (a desc)'],
    ['create index i on t (a)', 'create index concurrently i on t (a nulls first)'],
    ['create index i on t (a)', 'create index concurrently i on t (b)'],
    ['create index i on t (a)', 'create index concurrently i on t (a, b)'],
    ['create index i on t (a)', 'create index concurrently i on t (a) include (b)'],
    ['create index i on t (b)', 'create unique index concurrently i on t (b)'],
    [
      'alter table t add constraint i unique (b) deferrable',
      'create unique index concurrently i on t (b)',
    ],
    ['create index i on t (a)', 'create index concurrently i on t using hash (a)'],
    ['create index i on t (b)', 'create index concurrently i on t (b text_pattern_ops)'],
    ['create index i on t (b)', 'create index concurrently i on t (b collate "POSIX")'],
    ['create index i on t (a)', 'create index concurrently i on t (a) where b is not null'],
    ["create index i on t (a) where b = 'x'", "create index concurrently i on t (a) where b = 'X'"],
    ['create index i on t ((a + 1))', 'create index concurrently i on t ((a + 2))'],
    ['create index i on t (a)', 'create index concurrently i on t (a) with (fillfactor = 50)'],
    [
      'create unique index i on t (b)',
      'create unique index concurrently i on t (b) nulls not distinct',
    ],
    [
      'create index i on t using gist (tsrange(null, null))',
      'create index concurrently i on t (a)',
    ],
  ];
  test.each(other)('is an error when it is another: %s; %s', async (existing, wanted) => {
    await table();
    await db.pool().query(existing);
    const before = await definition('i');
    await expect(up(wanted)).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_INDEX_CONFLICT',
      line: 1,
      message: expect.stringContaining('with another definition exists: CREATE'),
    });
    expect(await definition('i')).toBe(before);
  });

  test('is an error when it belongs to another table, or is no index', async () => {
    await table();
    await db
      .pool()
      .query('create table u (a int); create index i on u (a); create view v as select 1');
    await expect(up('create index concurrently i on t (a)')).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_INDEX_CONFLICT',
      message: expect.stringContaining('on u'),
    });
    await expect(up('create index concurrently if not exists v on t (a)')).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_INDEX_CONFLICT',
      message: expect.stringContaining('view v'),
    });
  });

  test('cannot be told apart when the statement is wrong: an error, not silence', async () => {
    await table();
    await db.pool().query('create index i on t (a)');
    await expect(up('create index concurrently if not exists i on t (nope)')).rejects.toMatchObject(
      {
        code: 'ERR_OPS_MIGRATION_INDEX_CONFLICT',
        message: expect.stringContaining('column "nope" does not exist'),
      },
    );
  });

  test('is found by a name that the server cuts to 63 bytes, and by an odd one', async () => {
    await table();
    const long = 'ä'.repeat(40);
    const sql = `create index concurrently "${long}" on t (a); create index concurrently "I ""x""" on t (a)`;
    await up(sql);
    await db.pool().query(`truncate ${db.schema}.migrations`);
    const outcomes: string[] = [];
    await up(sql, (event) => {
      if (event.type === 'step-finished') outcomes.push(event.outcome);
    });
    expect(outcomes).toEqual(['present', 'present']);
  });
});

describe('an index that did not get finished', () => {
  test.each(['', 'if not exists '])('is dropped and built anew %s', async (clause) => {
    await table();
    await leaveInvalid();
    const events: MigrationEvent[] = [];
    const report = await up(`create index concurrently ${clause}i on t (a desc)`, (event) =>
      events.push(event),
    );
    expect(report.recovered).toEqual([
      { index: 'i', file: expect.stringMatching(/1_index\.sql$/) },
    ]);
    expect(events.map(({ type }) => type)).toContain('index-recovered');
    expect(await definition('i')).toBe('CREATE INDEX i ON t USING btree (a DESC)');
  });

  test('duplicates: says so, shows one, gives the query for all; later it recovers', async () => {
    await table();
    const sql = 'create unique index concurrently i on t (a, lower(b)) where a < 50';
    await db.pool().query("update t set b = 'X'");
    const failure: { hint?: string } = await up(sql).then(
      () => ({}),
      (error: { hint?: string }) => error,
    );
    expect(failure).toMatchObject({
      code: 'ERR_OPS_MIGRATION_DUPLICATE_ROWS',
      sqlstate: '23505',
      message: expect.stringMatching(
        /contradict the unique index i: \(a, lower\(b\)\)=\(0, x\) 10 times; .*; .*; .*; [^;]* 10 times \(SQLSTATE/,
      ),
      samples: [0, 1, 10, 11, 12].map((a) => {
        return { key: { a: String(a), 'lower(b)': 'x' }, count: 10 };
      }),
    });
    const query = /All of them: (.*)$/.exec(failure.hint ?? '')?.[1] ?? '';
    expect((await db.pool().query(query)).rowCount).toBe(50);
    await db.pool().query('delete from t a using t b where a.a = b.a and a.ctid < b.ctid');
    expect((await up(sql)).recovered).toHaveLength(1);
    expect(await definition('i')).toMatch(/^CREATE UNIQUE INDEX i/);
  });

  test('duplicates that take too long to find are not shown, the query for them is', async () => {
    await db.pool().query(`
      create function slow(n int) returns int language sql immutable as 'select n % 10';
      create table t (a int); insert into t select generate_series(1, 100)`);
    await leaveInvalid('create unique index concurrently i on t (slow(a))');
    await db
      .pool()
      .query(
        "create or replace function slow(n int) returns int language plpgsql immutable as $$ begin if current_setting('statement_timeout') = '5s' then perform pg_cancel_backend(pg_backend_pid()); end if; return n % 10; end $$",
      );
    await expect(up('create unique index concurrently i on t (slow(a))')).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_DUPLICATE_ROWS',
      samples: [],
      message: expect.stringMatching(/contradict the unique index i: Key \(.*\)=/),
      hint: expect.stringContaining('All of them: select slow(a), count(*)'),
    });
  });

  test('is awaited while somebody else builds it', async () => {
    await table();
    const blocker = await db.pool().connect();
    await blocker.query('begin; insert into t values (1)');
    const building = db.pool().query('create index concurrently i on t (b)');
    const isBuilding =
      "select 1 from pg_stat_progress_create_index where datname = current_database() and phase like 'waiting%'";
    const watching = db.pool({ max: 1 });
    while ((await watching.query(isBuilding)).rowCount === 0);
    let followed = 0;
    const report = await up('create index concurrently i on t (b)', (event) => {
      if (event.type !== 'index-followed') return;
      followed += 1;
      if (followed === 1) void blocker.query('commit');
    });
    await building;
    blocker.release();
    expect(followed).toBeGreaterThan(0);
    expect(report.recovered).toEqual([]);
    expect(await definition('i')).toBe('CREATE INDEX i ON t USING btree (b)');
  });
});

test('errors of the statement itself have their place', async () => {
  await expect(
    up('select 1;\ncreate index concurrently if not exists i\n  on nowhere (a)'),
  ).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_SQL',
    sqlstate: '42P01',
    statement: 2,
  });
  await table();
  await expect(
    up('select 1;\ncreate index concurrently if not exists i\n  on t (nope)'),
  ).rejects.toMatchObject({
    sqlstate: '42703',
    line: 2,
  });
});

test('a materialized view and a file with its own timeouts work', async () => {
  await table();
  await db.pool().query('create materialized view m as select a from t');
  await up(
    "set lock_timeout = '3s'; set statement_timeout = '1min'; create index concurrently i on m (a)",
  );
  expect(await definition('i')).toBe('CREATE INDEX i ON m USING btree (a)');
});
