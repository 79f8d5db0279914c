import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type Migrator,
  type MigratorOptions,
  type Plan,
  type PlanData,
  pack,
} from '../src/index.ts';
import { splitStatements } from '../src/sql/split.ts';
import { useFolder } from './folder.ts';
import { describeSchema } from './schema.ts';

const PSQL = '/usr/bin/psql';
const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    retry: { attempts: 3, backoff: [0, 0] },
    ...options,
  });
}

/** Sends a script as psql does: statement by statement, on one connection. */
async function send(script: string): Promise<void> {
  const client = await db.pool().connect();
  try {
    for (const { text } of splitStatements(script)) await client.query(text);
  } finally {
    client.release(true);
  }
}

const FILES = {
  '1_base.sql':
    'create table t (a int, b int[]); insert into t select g from generate_series(1, 9) g;\ncreate function f() returns int language sql begin atomic; select 1; select 2; end;',
  '2_index.sql': `set lock_timeout = '7s';
    create index concurrently "odd ; name" on t (a); vacuum t;
    create unique index concurrently if not exists j on t (a) where a > 0;
    alter table t add column c int;`,
  '3_path.sql':
    'create temp table x (a int); create view v as select b[1:HOST] as slice from (select b, 2 as host from t) s;',
};

test('is what up then does, without touching anything', async () => {
  await folder.write(FILES);
  const before = await describeSchema(db.pool(), db.schema);
  const plan = await migrator().plan();
  expect(plan.steps).toMatchObject([
    { migration: { version: '1' }, kind: 'transaction', number: 1, count: 1, line: 1 },
    {
      migration: { version: '2' },
      kind: 'transaction',
      number: 1,
      count: 5,
      sql: "set lock_timeout = '7s';",
    },
    { migration: { version: '2' }, kind: 'index', number: 2, line: 2, index: 'odd ; name' },
    { kind: 'standalone', number: 3, sql: 'vacuum t;' },
    { kind: 'index', number: 4, line: 3, index: 'j' },
    { kind: 'transaction', number: 5, line: 4 },
    { migration: { version: '3' }, kind: 'transaction' },
  ]);
  expect(plan.warnings).toMatchObject([
    { code: 'repeated-step', migration: { version: '2' }, line: 2 },
  ]);
  expect(await describeSchema(db.pool(), db.schema)).toEqual(before);
  expect(
    await db.pool().query('select to_regclass($1) as t', [`${db.schema}.migrations`]),
  ).toMatchObject({
    rows: [{ t: null }],
  });
  expect((await migrator().up({ plan })).applied).toHaveLength(3);
  expect(await migrator().plan()).toMatchObject({ steps: [], warnings: [] });
});

/** As a person would run it: psql puts its variables, such as HOST, into what is no literal. */
async function sendByPsql(script: string): Promise<void> {
  const file = join(folder.path, 'plan.txt');
  await writeFile(file, script);
  const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, db.url];
  const env = { ...process.env, PGOPTIONS: `-c search_path=${db.schema}` };
  await promisify(execFile)(PSQL, args, { env });
}

const ways = [
  ['pg', send, true],
  ['psql', sendByPsql, existsSync(PSQL)],
] as const;

describe.each(ways)('its SQL, sent by %s', (_, run, isThere) => {
  test.skipIf(!isThere)('gives the same schema as up', async () => {
    await folder.write(FILES);
    await run((await migrator().plan()).toSQL());
    const byScript = await describeSchema(db.pool(), db.schema);
    await db.pool().query(`drop schema ${db.schema} cascade; create schema ${db.schema}`);
    await migrator().up();
    expect(await describeSchema(db.pool(), db.schema)).toEqual(byScript);
  });
});

test('its SQL of a file that is half done goes on there, with the settings of before', async () => {
  await folder.write({
    '1_a.sql': `create schema if not exists ${db.schema}_x; set search_path = ${db.schema}_x; vacuum; create table t (a int); select 1 / 0`,
  });
  await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
  await folder.write({
    '1_a.sql': `create schema if not exists ${db.schema}_x; set search_path = ${db.schema}_x; vacuum; create table t (a int)`,
  });
  const plan = await migrator().plan();
  expect(plan.warnings).toMatchObject([
    { code: 'half-done', message: expect.stringMatching(/^2 of the 3 steps/) },
  ]);
  await send(plan.toSQL());
  await db.pool().query(`drop table ${db.schema}_x.t; drop schema ${db.schema}_x`);
});

test('comes back from its JSON, and is run', async () => {
  await folder.write(FILES);
  const plan = JSON.parse(JSON.stringify(await migrator().plan({ to: '2' }))) as PlanData;
  expect(Object.keys(plan).toSorted()).toEqual([
    'allowOutOfOrder',
    'hash',
    'steps',
    'to',
    'warnings',
  ]);
  const { applied } = await migrator().up({ plan });
  expect(applied).toMatchObject([{ version: '1' }, { version: '2' }]);
  expect((await migrator().status()).pending).toMatchObject([{ version: '3' }]);
});

const CHANGES: readonly [what: string, change: () => Promise<unknown>, difference: string][] = [
  [
    'a new file',
    () => folder.write({ '3_c.sql': 'select 3' }),
    '3_c.sql is pending, and was not planned',
  ],
  [
    'an edit',
    () => folder.write({ '2_b.sql': 'vacuum; select 22' }),
    '2_b.sql says something else than when',
  ],
  ['a file gone', () => folder.remove('2_b.sql'), '2_b.sql is not pending any more'],
  ['one applied', () => migrator().up({ to: '1' }), '1_a.sql is not pending any more'],
  [
    'one begun',
    async () => {
      await db
        .pool()
        .query(
          'drop function wait_or_fail; create function wait_or_fail() returns int language sql as $$ select 1 / 0 $$',
        );
      await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '22012' });
    },
    '2_b.sql has 1 steps done, and had 0',
  ],
];

test.each(CHANGES)('is refused after %s, and says so', async (_, change, difference) => {
  await db
    .pool()
    .query('create function wait_or_fail() returns int language sql as $$ select 1 $$');
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'vacuum; select wait_or_fail()' });
  const plan = await migrator().plan();
  await change();
  const before = await migrator().status();
  await expect(migrator().up({ plan })).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_STALE_PLAN',
    differences: expect.arrayContaining([expect.stringContaining(difference)]),
  });
  expect((await migrator().status()).pending).toEqual(before.pending);
});

test('a comment more is no other plan; an edit after it was carried out is one', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const plan = await migrator().plan();
  await folder.write({ '1_a.sql': '-- said before\nselect 1;' });
  expect((await migrator().up({ plan })).applied).toHaveLength(1);
  expect((await migrator().up({ plan })).applied).toEqual([]);
  await folder.write({ '1_a.sql': 'select 2' });
  await expect(migrator().up({ plan })).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_DRIFT' });
});

test('of replicas that each make a plan, one works and none fails', async () => {
  await folder.write({
    '1_a.sql': 'create table t (a int); select pg_sleep(0.2)',
    '2_b.sql': 'vacuum t',
  });
  const plans = await Promise.all(Array.from({ length: 4 }, () => migrator().plan()));
  const reports = await Promise.all(plans.map((plan) => migrator().up({ plan })));
  expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([
    0, 0, 0, 2,
  ]);
});

test('takes late files only when asked, and so does up with it', async () => {
  await folder.write({ '5_a.sql': 'select 5' });
  await migrator().up();
  await folder.write({ '3_b.sql': 'select 3' });
  await expect(migrator().plan()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_ORDER' });
  const plan = await migrator().plan({ allowOutOfOrder: true });
  expect(plan.warnings).toMatchObject([{ code: 'out-of-order', migration: { version: '3' } }]);
  await expect(migrator().up({ plan, to: '3' })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
  });
  expect((await migrator().up({ plan })).applied).toMatchObject([{ version: '3' }]);
});

test.each(['text', {}, { hash: 'x' }, 7])('%j is no plan', async (plan) => {
  await expect(migrator().up({ plan: plan as unknown as Plan })).rejects.toMatchObject({
    code: 'ERR_OPS_INVALID_OPTIONS',
  });
});

async function warningsOf(plan: Promise<Plan>): Promise<string[]> {
  return (await plan).warnings.map(({ code, message, line }) => `${line} ${code}: ${message}`);
}

test('warns of what up will meet', async () => {
  const pool = db.pool();
  await pool.query(
    'create table t (a int); insert into t select generate_series(1, 1000); analyze t',
  );
  await pool.query('create index same on t (a); create index other on t (a desc)');
  await pool.query('insert into t values (1)');
  await expect(pool.query('create unique index concurrently broken on t (a)')).rejects.toThrow(
    'could not create unique index',
  );
  await pool.query('create table taken (a int)');
  await folder.write({
    '1_a.sql': [
      'create index concurrently same on t (a);',
      'create index concurrently other on t (a);',
      'create index concurrently broken on t (a);',
      'create index concurrently taken on t (a);',
      'create index blocking on only t (a);',
      'create table fresh (a int); create index on fresh (a);',
      'drop index concurrently other;',
      'create index concurrently other on t ((a + 1));',
    ].join('\n'),
  });
  const expected = [
    expect.stringMatching(/^5 blocking-index: .* writes to t, which has about 100\d rows/),
    expect.stringMatching(/^1 index-present: /),
    expect.stringMatching(/^2 index-conflict: .* with another definition, .*\(a DESC\)/),
    expect.stringMatching(/^3 index-invalid: .*"broken" is INVALID/),
    expect.stringMatching(/^4 index-conflict: the name belongs to table taken/),
  ];
  expect(await warningsOf(migrator().plan())).toEqual(expected);
  const script = (await migrator().plan()).toSQL();
  expect(script).toContain('-- There already: create index concurrently same on t (a);');
  expect(script).toContain(`drop index concurrently if exists "${db.schema}"."broken";`);
  expect(script).not.toMatch(/^create index concurrently same/m);
});

test('says what it cannot show, and what waits', async () => {
  const library = {
    name: 'p',
    schema: db.schema,
    migrations: [{ version: '1', name: 'a', sql: 'select 1', when: { table: 'later' } }],
  };
  const module = (work: string): string =>
    `export default { kind: 'migration', transaction: true, steps: [${work}], down: undefined };`;
  const spec = { table: 't', key: ['id'], set: 'a = 1\n; drop table t', batch: 10, pauseMs: 0 };
  await folder.write({
    '1_a.mjs': module('async () => {}'),
    '2_b.mjs': module(JSON.stringify({ kind: 'backfill', spec })),
  });
  const plan = await migrator({ sources: [pack(library), directory(folder.path)] }).plan();
  expect(plan.warnings.map(({ code }) => code)).toEqual([
    'not-applicable',
    'not-shown',
    'not-shown',
  ]);
  expect(plan.steps).toMatchObject([
    { kind: 'code', sql: undefined },
    { kind: 'backfill', sql: undefined },
  ]);
  expect(plan.toSQL()).toMatch(/^-- set a = 1\n-- ; drop table t$/m);
  expect(splitStatements(plan.toSQL()).filter(({ text }) => /drop/i.test(text))).toEqual([]);
});

test('the name of a file stays a comment', async () => {
  const names = ['a\n; drop table t; --', 'b\r\\! touch x', '\u2028\u202Ec'];
  const library = {
    name: 'p',
    migrations: names.map((name, at) => {
      return { version: String(at), name, sql: 'select a[1:HOST] from t;' };
    }),
  };
  await folder.write({ '1_\u202Elqs.sql': '/* -- */ select 1' });
  const made = migrator({ sources: [pack(library), directory(folder.path)] });
  const script = (await made.plan()).toSQL();
  const statements = splitStatements(script).map(({ text }) => text);
  expect(statements.filter((text) => /drop|touch/i.test(text))).toEqual([]);
  expect(statements.filter((text) => text.startsWith('select a'))).toEqual(
    names.map(() => 'select a[1: HOST] from t'),
  );
  expect(script).not.toMatch(/[\r\u2028\u202E]/);
  expect(script).toContain('a<U+000A>; drop table t; --.sql');
});
