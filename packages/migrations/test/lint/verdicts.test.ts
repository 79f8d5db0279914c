import { describe, expect, it } from 'vitest';
import { type LintReport, lint } from '../../src/lint/index.ts';
import { lintText, NOW, rulesOf, splitExample } from './example.ts';

/** Lints files given as in the rules' examples. */
function lintExample(sql: string): Promise<LintReport> {
  const files = Object.entries(splitExample(sql)).map(([file, text]) => ({ file, text }));
  return lint({ files, clock: NOW });
}

describe('nothing is said', () => {
  it.each([
    [
      'of a new column that refers to a new table, or to its own',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key);
-- file: 2_b.sql
create table teams (id bigint generated always as identity primary key);
alter table people add column team_id bigint references teams (id);
alter table people add column boss_id bigint references people (id);
-- file: 3_c.sql
create index concurrently people_team on people (team_id);
create index concurrently people_boss on people (boss_id);`,
    ],
    [
      'of an index that is asked for a second time with if not exists',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key, name text);
create index if not exists people_name on people (name);
-- file: 2_b.sql
create index concurrently if not exists people_name on people (name);`,
    ],
    [
      'of a column that a function may have added when it was called',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key);
create function audit(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s add column created_by uuid', target);
end $$;
select audit('people');
-- file: 2_b.sql
create index concurrently people_created_by on people (created_by);`,
    ],
    [
      'of a column whose name was given to a function',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key);
select tools.add_column('people', 'created_by');
call tools.add_column('people', 'changed_by');
-- file: 2_b.sql
create index concurrently people_by on people (created_by, changed_by);`,
    ],
    [
      'of the renaming of a type that the file has made',
      `create type status_new as enum ('a', 'b');
alter type status_new rename to state;`,
    ],
    [
      'of a renaming after which the same transaction makes something of the old name',
      `-- file: 1_a.sql
alter table orders rename to orders_v2;
create view orders as select id, total from orders_v2;
-- file: 2_b.sql
create type status_new as enum ('a', 'b');
alter type status rename to status_old;
alter type status_new rename to status;`,
    ],
    [
      'of temporary tables of one name in two files',
      `-- file: 1_a.sql
create temp table seed (a int);
create index on seed (a);
create temp table picked as select 1 as a;
create index on picked (a);
-- file: 2_b.sql
create temp table seed (b int);
create index on seed (b);
create temp table picked as select 1 as a;
update picked set a = 2;
select 1 as a into temp found;
create index on found (a);`,
    ],
    [
      'of a table that is called as another query calls its own',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key);
with picked as (select p.id from people p for update of p) select id from picked;
-- file: 2_b.sql
create table p (id bigint generated always as identity primary key);`,
    ],
    [
      'of an index on a table that select into has made',
      'select id, name into people_copy from people;\ncreate index people_copy_name on people_copy (name);',
    ],
    [
      'of set not null where a check that PostgreSQL names proves it',
      `-- file: 1_a.sql
alter table people add check (name is not null) not valid;
-- file: 2_b.sql
alter table people validate constraint people_name_check;
-- file: 3_c.sql
alter table people alter column name set not null;`,
    ],
  ])('%s', async (_, sql) => {
    expect((await lintExample(sql)).findings).toEqual([]);
  });
});

describe('something is said', () => {
  it.each([
    [
      'of a type that stays while the collation changes, since indexes are built anew',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key, name text);
-- file: 2_b.sql
alter table people alter column name type text collate "C";`,
      ['changing-column-type'],
    ],
    [
      'of a free change that goes through another type',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key, age varchar(9));
-- file: 2_b.sql
alter table people alter column age type text using age::integer;`,
      ['changing-column-type'],
    ],
    [
      'of data work behind a new partition, which locks its parent',
      `create table events_2026 partition of events for values from (1) to (2);
insert into events select * from old_events;`,
      ['data-work-under-lock'],
    ],
    ['of where true', 'update people set name = $$x$$ where true;', ['unbatched-backfill']],
    ['of where 1 = 1', 'delete from people where 1 = 1;', ['unbatched-backfill']],
    [
      'of a materialized view made twice',
      `-- file: 1_a.sql
create materialized view totals as select 1 as total;
-- file: 2_b.sql
create materialized view totals as select 2 as total;`,
      ['object-already-exists'],
    ],
    [
      'of a foreign key in a schema that is first for its file only',
      `-- file: 1_a.sql
set search_path = app;
create table teams (id bigint generated always as identity primary key);
create table people (id bigint generated always as identity primary key, team_id bigint references teams);
-- file: 2_b.sql
select 1;`,
      ['foreign-key-without-index'],
    ],
    [
      'of set not null after the check that PostgreSQL has named is dropped',
      `-- file: 1_a.sql
create table people (id bigint generated always as identity primary key, name text, check (name is not null));
-- file: 2_b.sql
alter table people drop constraint people_name_check;
-- file: 3_c.sql
alter table people alter column name set not null;`,
      ['adding-not-nullable-field'],
    ],
    [
      'of a type renamed in one file and made again in another',
      `-- file: 1_a.sql
alter type status rename to status_old;
-- file: 2_b.sql
create type status as enum ('a');`,
      ['renaming-object'],
    ],
  ])('%s', async (_, sql, rules) => {
    expect(rulesOf(await lintExample(sql))).toEqual(rules);
  });
});

describe('names that every object has', () => {
  it('are no names of squawk’s', async () => {
    const { findings } = await lintText('-- squawk-ignore constructor, toString\ndrop table a;');
    expect(findings).toMatchObject([{ rule: 'ban-drop-table' }]);
  });

  it('are types as they are written', async () => {
    const { findings } = await lintText('alter table a alter column b type "constructor";');
    expect(findings[0]?.message).toContain('changes to constructor,');
  });
});
