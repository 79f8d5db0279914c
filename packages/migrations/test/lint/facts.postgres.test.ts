import type pg from 'pg';
import { expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { as, typeOf } from '../../src/lint/ast.ts';
import { createCatalog } from '../../src/lint/catalog/catalog.ts';
import { replay } from '../../src/lint/catalog/replay.ts';
import { lint } from '../../src/lint/index.ts';
import { LOCK_MODES, locksOf } from '../../src/lint/locks.ts';
import { parseSql } from '../../src/lint/parse-sql.ts';
import { loadParser } from '../../src/lint/parser.ts';
import { isFree } from '../../src/lint/rules/type-changes.ts';
import { STEADY } from '../../src/lint/rules/volatility.ts';

// What the rules hold to be so, asked of a real server.
const db = useDatabase();

const SETUP = `create table o (id bigint primary key);
create table t (a bigint not null, b text, constraint c check (a > 0) not valid);
create table p (a bigint) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 (a bigint);
create index i on t (a);
create view v as select a from t;
create materialized view m as select a from t;
create function f() returns trigger language plpgsql as 'begin return new; end';
create trigger trg before update on t for each row execute function f();
create policy pol on t using (true)`;

const STATEMENTS = [
  'alter table t add column d text',
  'alter table t add constraint k foreign key (a) references o (id)',
  'alter table t add constraint k foreign key (a) references o (id) not valid',
  'alter table t add column d bigint references o (id)',
  'alter table t add constraint k check (a > 1) not valid',
  'alter table t validate constraint c',
  'alter table t validate constraint c, add column d text',
  'alter table t alter column a set statistics 100',
  'alter table t set (fillfactor = 70)',
  'alter table t cluster on i',
  'alter table t disable trigger trg',
  'alter table t enable row level security',
  'alter table p attach partition p2 for values from (10) to (20)',
  'alter table p detach partition p1',
  'create index j on t (b)',
  'drop index i',
  'alter index i rename to j',
  'alter table t rename column b to d',
  'alter table t rename to u',
  'drop table t cascade',
  'drop view v',
  'truncate t',
  'lock table t in share row exclusive mode',
  'refresh materialized view m',
  'create trigger trg2 before insert on t for each row execute function f()',
  'drop trigger trg on t',
  'create policy pol2 on t using (false)',
  'drop policy pol on t',
  'cluster t using i',
];

it.each(STATEMENTS)('takes the locks that are said of: %s', async (sql) => {
  const client = await db.pool().connect();
  try {
    await client.query(SETUP);
    const catalog = createCatalog();
    const parser = await loadParser();
    for (const [at, { node }] of parseSql(parser, SETUP).statements.entries()) {
      replay(catalog, node, { file: '', fileIndex: 0, line: at, statement: at, transaction: '' });
    }
    const [statement] = parseSql(parser, sql).statements;
    const said = locksOf(statement?.node ?? { SelectStmt: {} }, catalog);
    const oids = await relationNames(client);
    await client.query(`begin; ${sql}`);
    const held = await heldModes(client);
    for (const { table, mode } of said) {
      expect([table.name, held.get(oids.get(table.name) ?? 0)]).toEqual([table.name, mode]);
    }
    const named = said.map(({ table }) => table.name);
    // Nothing of the kind on what is not named; reading (a view's table) takes weaker locks.
    const others = ['t', 'o', 'p'].filter((name) => !named.includes(name) && !sql.includes(' i '));
    expect(others.filter((name) => held.has(oids.get(name) ?? 0))).toEqual([]);
    await client.query('rollback');
  } finally {
    client.release();
  }
});

async function relationNames(client: pg.PoolClient): Promise<Map<string, number>> {
  const { rows } = await client.query<{ relname: string; oid: number }>(
    "select relname, oid from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm')",
  );
  return new Map(rows.map(({ relname, oid }) => [relname, oid]));
}

/** The strongest mode held on each relation, of those that the rules speak of. */
async function heldModes(client: pg.PoolClient): Promise<Map<number, string>> {
  const { rows } = await client.query<{ relation: number; mode: string }>(
    "select relation, mode from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and database = (select oid from pg_database where datname = current_database())",
  );
  const strongest = new Map<number, number>();
  for (const { relation, mode } of rows) {
    const level = LOCK_MODES.findIndex(
      (each) => `${each.replaceAll(' ', '')}LOCK` === mode.toUpperCase(),
    );
    if (level > (strongest.get(relation) ?? -1)) strongest.set(relation, level);
  }
  return new Map([...strongest].map(([relation, level]) => [relation, LOCK_MODES[level] ?? '']));
}

const TYPES = [
  'text',
  'varchar',
  'varchar(10)',
  'varchar(20)',
  'char(10)',
  'char(20)',
  'int',
  'bigint',
  'numeric',
  'numeric(10,2)',
  'numeric(12,2)',
  'numeric(12,4)',
  'timestamp',
  'timestamp(3)',
  'timestamptz',
  'timestamptz(3)',
  'time(0)',
  'time',
  'date',
  'cidr',
  'inet',
  'varbit(4)',
  'varbit(8)',
  'varbit',
  'bit(4)',
  'text[]',
  'varchar[]',
  'json',
  'jsonb',
];

it('calls no change of type free for which the server rewrites the table', async () => {
  const parser = await loadParser();
  const read = (type: string): ReturnType<typeof typeOf> => {
    const [statement] = parseSql(parser, `alter table t alter a type ${type}`).statements;
    const [command] = as(statement?.node, 'AlterTableStmt')?.cmds ?? [];
    return typeOf(as(as(command, 'AlterTableCmd')?.def, 'ColumnDef')?.typeName);
  };
  const pool = db.pool({ max: 1 });
  // A zone in which timestamps and timestamptz are not stored the same.
  await pool.query("set timezone = 'Asia/Kolkata'");
  const free: string[] = [];
  const node = 'select pg_relation_filenode($1) as node';
  for (const from of TYPES) {
    for (const to of TYPES.filter((each) => each !== from && isFree(read(from), read(each)))) {
      await pool.query(`drop table if exists t; create table t (a ${from})`);
      const before = await pool.query<{ node: number }>(node, ['t']);
      await pool.query(`alter table t alter a type ${to}`);
      const after = await pool.query<{ node: number }>(node, ['t']);
      expect([from, to, after.rows]).toEqual([from, to, before.rows]);
      free.push(`${from} → ${to}`);
    }
  }
  expect(free.toSorted()).toMatchInlineSnapshot(`
    [
      "cidr → inet",
      "numeric(10,2) → numeric",
      "numeric(10,2) → numeric(12,2)",
      "numeric(12,2) → numeric",
      "numeric(12,4) → numeric",
      "text → varchar",
      "time(0) → time",
      "timestamp(3) → timestamp",
      "timestamptz(3) → timestamptz",
      "varbit(4) → varbit",
      "varbit(4) → varbit(8)",
      "varbit(8) → varbit",
      "varchar → text",
      "varchar(10) → text",
      "varchar(10) → varchar",
      "varchar(10) → varchar(20)",
      "varchar(20) → text",
      "varchar(20) → varchar",
    ]
  `);
});

const ADDITIONS: readonly (readonly [sql: string, isRewritten: boolean])[] = [
  ['add column b int', false],
  ["add column b text default 'x' not null", false],
  ['add column b timestamptz default now()', false],
  ["add column b text default upper('x') || current_user", false],
  ['add column b uuid default gen_random_uuid()', true],
  ['add column b timestamptz default clock_timestamp()', true],
  ['add column b int default steady()', false],
  ['add column b int default shaky()', true],
  ['add column b serial', true],
  ['add column b bigint generated by default as identity', true],
  ['add column b int generated always as (a + 1) stored', true],
  ['add column b int generated always as (a + 1)', false],
  ['add column b plain_domain', false],
  ['add column b strict_domain', true],
  ['set unlogged', true],
  ['set (fillfactor = 70)', false],
];
const HELPERS = `create function steady() returns int stable language sql as 'select 1';
create function shaky() returns int language plpgsql as 'begin return 1; end';
create domain plain_domain as int;
create domain strict_domain as int check (value > 0);`;
const REWRITES = ['adding-field-with-default', 'adding-auto-increment-field', 'rewriting-table'];

it.for(ADDITIONS)(
  'says that %j rewrites the table: %j',
  async ([clause, isRewritten], { skip }) => {
    const pool = db.pool({ max: 1 });
    const { rows } = await pool.query<{ major: number }>(
      "select current_setting('server_version_num')::int / 10000 as major",
    );
    // Before 18 a generated column has to be stored.
    if (clause.endsWith('(a + 1)') && (rows[0]?.major ?? 0) < 18) skip();
    await pool.query(`${HELPERS} create table t (a int)`);
    const node = 'select pg_relation_filenode($1) as node';
    const before = await pool.query(node, ['t']);
    await pool.query(`alter table t ${clause}`);
    const after = await pool.query(node, ['t']);
    expect(after.rows[0]).not.toBe(undefined);
    expect(JSON.stringify(after.rows) !== JSON.stringify(before.rows)).toBe(isRewritten);
    const report = await lint({
      files: [
        { file: '1.sql', text: `${HELPERS} create table t (a int);` },
        { file: '2.sql', text: `alter table t ${clause};` },
      ],
    });
    const said = report.findings.filter(({ rule }) => REWRITES.includes(rule));
    expect(said.length > 0).toBe(isRewritten);
  },
);

it('lists as steady no function that the server calls volatile, or does not have', async () => {
  const { rows } = await db
    .pool()
    .query<{ name: string; volatile: boolean }>(
      "select proname as name, bool_or(provolatile = 'v') as volatile from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by proname",
    );
  const known = new Map(rows.map((row) => [row.name, row.volatile]));
  expect([...STEADY].filter((name) => known.get(name) !== false)).toEqual([]);
});
