import { expect, it } from 'vitest';
import {
  type Catalog,
  createCatalog,
  keyOf,
  type Relation,
} from '../../../src/lint/catalog/catalog.ts';
import { replay } from '../../../src/lint/catalog/replay.ts';
import { parseSql } from '../../../src/lint/parse-sql.ts';
import { loadParser } from '../../../src/lint/parser.ts';

async function after(sql: string): Promise<Catalog> {
  const catalog = createCatalog();
  for (const { node, number } of parseSql(await loadParser(), sql).statements) {
    const place = { file: 'a.sql', fileIndex: 0, line: number, statement: number, transaction: '' };
    replay(catalog, node, place);
  }
  return catalog;
}

function table(catalog: Catalog, name: string, schema = 'public'): Relation {
  const relation = catalog.relations.get(keyOf(schema, name));
  if (!relation) throw new Error(`no ${schema}.${name}`);
  return relation;
}

function indexNames({ indexes }: Catalog): string[] {
  return [...indexes.values()].map(({ name }) => name).toSorted();
}

it('knows columns, and what of them cannot be null', async () => {
  const catalog = await after(`create table a (id serial, b text not null, c int, primary key (c));
alter table a alter b drop not null, add column d bigint generated always as identity;
alter table a drop column id;`);
  const columns = [...table(catalog, 'a').columns.values()];
  expect(columns.map(({ name, isNotNull }) => [name, isNotNull])).toEqual([
    ['b', false],
    ['c', true],
    ['d', true],
  ]);
});

it('names constraints and their indexes as PostgreSQL does', async () => {
  const catalog =
    await after(`create table a (id bigint primary key, b text unique, c int check (c > 0),
  d bigint references a (id), unique (b, c));
create index on a (c); create index on a (c); create index on a (lower(b));`);
  expect(table(catalog, 'a').constraints.map(({ name }) => name)).toEqual([
    'a_pkey',
    'a_b_key',
    'a_c_check',
    'a_d_fkey',
    'a_b_c_key',
  ]);
  expect(indexNames(catalog)).toEqual([
    'a_b_c_key',
    'a_b_key',
    'a_c_idx',
    'a_c_idx1',
    'a_expr_idx',
    'a_pkey',
  ]);
});

it('follows renames and moves of everything that hangs on them', async () => {
  const catalog = await after(`create table a (b text); create index a_b on a (b);
alter table a rename column b to c; alter table a rename to z; alter index a_b rename to z_c;
create schema s; alter table z set schema s;`);
  expect([...table(catalog, 'z', 's').columns.keys()]).toEqual(['c']);
  expect([...catalog.indexes.values()]).toMatchObject([
    { schema: 's', name: 'z_c', table: keyOf('s', 'z'), columns: ['c'] },
  ]);
  expect(catalog.relations.size).toBe(1);
});

it('forgets with a table its indexes, and with cascade its views', async () => {
  const catalog = await after(`create table a (b text unique); create view v as select b from a;
create view w as select b from v; create view x as select 1; drop table a cascade;`);
  expect([...catalog.relations.values()].map(({ name }) => name)).toEqual(['x']);
  expect(catalog.indexes.size).toBe(0);
});

it('leaves what is there where `if not exists` does', async () => {
  const catalog = await after(`create table a (b text); create table if not exists a (c text);
create index i on a (b); create index if not exists i on a (b desc);
alter table a add column if not exists b int;`);
  expect([...table(catalog, 'a').columns.values()]).toMatchObject([
    { name: 'b', type: { name: 'text' } },
  ]);
  expect([...catalog.indexes.values()]).toMatchObject([{ made: { line: 3 } }]);
});

it('reads the search path, and puts temporary tables where they go', async () => {
  const catalog = await after(`set search_path = app, public; create table a ();
select pg_catalog.set_config('search_path', '', false); create table b ();
create temporary table c (); create schema s create table d ();`);
  expect([...catalog.relations.values()].map(({ schema, name }) => `${schema}.${name}`)).toEqual([
    'app.a',
    'public.b',
    'pg_temp.c',
    's.d',
  ]);
});

it('knows when a constraint has been validated, also on a table that no file made', async () => {
  const check = 'alter table a add constraint c check (b is not null and d is not null) not valid;';
  const before = await after(check);
  expect(table(before, 'a')).toMatchObject({ isAssumed: true, constraints: [{ isValid: false }] });
  const valid = await after(`${check} alter table a validate constraint c;`);
  expect(table(valid, 'a').constraints).toMatchObject([{ isValid: true, notNull: ['b', 'd'] }]);
  const gone = await after(`${check} alter table a drop constraint c;`);
  expect(table(gone, 'a').constraints).toEqual([]);
});

it('turns an index into a constraint under the constraint’s name', async () => {
  const catalog = await after(`create table a (b text); create unique index i on a (b);
alter table a add constraint k primary key using index i;`);
  expect(indexNames(catalog)).toEqual(['k']);
  expect(table(catalog, 'a').columns.get('b')?.isNotNull).toBe(true);
});

it('knows enums, domains and how volatile functions are', async () => {
  const catalog = await after(`create type e as enum ('a', 'b'); alter type e add value 'c';
alter type e rename value 'a' to 'z'; create domain d as text default 'x'; alter domain d set not null;
create function f() returns int immutable language sql as 'select 1';
create function g() returns int language sql as 'select 1'; alter type e rename to e2;`);
  expect([...(catalog.types.get(keyOf('public', 'e2'))?.values.keys() ?? [])]).toEqual([
    'b',
    'c',
    'z',
  ]);
  expect(catalog.types.get(keyOf('public', 'd'))?.hasConstraint).toBe(true);
  expect(catalog.routines.get(keyOf('public', 'f'))?.isVolatile).toBe(false);
  expect(catalog.routines.get(keyOf('public', 'g'))?.isVolatile).toBe(true);
});
