import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TraceDatabase } from '../../../src/lint/trace/database.ts';
import { type ReplayOptions, replayFiles } from '../../../src/lint/trace/replay.ts';
import type { TraceEntry, TraceReport } from '../../../src/lint/trace/report.ts';
import { runSetup } from '../../../src/lint/trace/run-setup.ts';
import type { MigrationFile } from '../../../src/sources/source.ts';

/** Tables that are there before the statement that is looked at. */
const BASE = `
create table a (id int primary key, v varchar(10), n text, d timestamp);
create table b (id int primary key, a_id int);
create index a_v on a (v);
alter table b add constraint b_old foreign key (a_id) references a (id) not valid;
create view av as select id from a;
create materialized view am as select 1 as one;
create table p (id int) partition by range (id);
create table p1 partition of p for values from (0) to (10);
create table p2 (id int);
insert into a values (1, 'x', 'y', now());
`;

interface Case {
  readonly sql: string;
  /** Weaker locks than SHARE UPDATE EXCLUSIVE are left out. */
  readonly locks: Readonly<Record<string, string>>;
  readonly blocks: TraceEntry['blocks'];
  readonly rewrites?: readonly string[];
  readonly scans?: readonly string[];
  readonly builds?: readonly string[];
  /** Of tables that the planner may also read in another way. */
  readonly plannedScans?: readonly string[];
}

const AE = 'ACCESS EXCLUSIVE';
const SRE = 'SHARE ROW EXCLUSIVE';
const ALL = 'reads and writes';

/** What PostgreSQL's manual says of each (ALTER TABLE, CREATE INDEX, Explicit Locking). */
const NOTICED: readonly Case[] = [
  {
    sql: 'create index a_n on a (n)',
    locks: { a: 'SHARE' },
    blocks: 'writes',
    scans: ['a'],
    builds: ['a_n'],
  },
  {
    sql: 'do $$ begin create index a_n on a (n); end $$',
    locks: { a: 'SHARE' },
    blocks: 'writes',
    builds: ['a_n'],
  },
  { sql: 'drop index a_v', locks: { a: AE }, blocks: ALL },
  { sql: 'alter table a add column q int', locks: { a: AE }, blocks: ALL },
  { sql: 'alter table a add column q int not null default 1', locks: { a: AE }, blocks: ALL },
  {
    sql: 'alter table a add column q uuid default gen_random_uuid()',
    locks: { a: AE },
    blocks: ALL,
    rewrites: ['a'],
    scans: ['a'],
  },
  { sql: 'alter table a alter n set not null', locks: { a: AE }, blocks: ALL, scans: ['a'] },
  { sql: 'alter table a alter v type varchar(20)', locks: { a: AE }, blocks: ALL },
  { sql: 'alter table a alter v type text', locks: { a: AE }, blocks: ALL },
  {
    sql: 'alter table a alter n type varchar(5)',
    locks: { a: AE },
    blocks: ALL,
    rewrites: ['a'],
    scans: ['a'],
  },
  {
    sql: 'alter table a alter d type date',
    locks: { a: AE },
    blocks: ALL,
    rewrites: ['a'],
    scans: ['a'],
  },
  {
    sql: "alter table a add constraint a_check check (v <> 'z')",
    locks: { a: AE },
    blocks: ALL,
    scans: ['a'],
  },
  {
    sql: "alter table a add constraint a_check check (v <> 'z') not valid",
    locks: { a: AE },
    blocks: ALL,
  },
  {
    sql: 'alter table a add unique (n)',
    locks: { a: AE },
    blocks: ALL,
    scans: ['a'],
    builds: ['a_n_key'],
  },
  {
    sql: 'alter table b add foreign key (id) references a (id) not valid',
    locks: { a: SRE, b: SRE },
    blocks: 'writes',
  },
  {
    sql: 'alter table b add foreign key (id) references a (id)',
    locks: { a: SRE, b: SRE },
    blocks: 'writes',
    scans: ['b'],
    plannedScans: ['a'],
  },
  {
    sql: 'alter table b validate constraint b_old',
    locks: { b: 'SHARE UPDATE EXCLUSIVE' },
    blocks: 'nothing',
    scans: ['b'],
    plannedScans: ['a'],
  },
  { sql: 'create table c (a_id int references a (id))', locks: { a: SRE }, blocks: 'writes' },
  { sql: 'drop table b', locks: { a: AE, b: AE }, blocks: ALL },
  { sql: 'truncate b', locks: { b: AE }, blocks: ALL },
  {
    sql: 'create trigger t before update on a for each row execute function suppress_redundant_updates_trigger()',
    locks: { a: SRE },
    blocks: 'writes',
  },
  { sql: 'create policy everyone on a using (true)', locks: { a: AE }, blocks: ALL },
  { sql: 'create or replace view av as select id from a', locks: { av: AE }, blocks: ALL },
  { sql: 'refresh materialized view am', locks: { am: AE }, blocks: ALL, rewrites: ['am'] },
  { sql: 'lock table a in exclusive mode', locks: { a: 'EXCLUSIVE' }, blocks: 'writes' },
  {
    sql: 'alter table p attach partition p2 for values from (10) to (20)',
    locks: { p: 'SHARE UPDATE EXCLUSIVE', p2: AE },
    blocks: ALL,
    scans: ['p2'],
  },
  {
    sql: 'create index p_id on p (id)',
    locks: { p: 'SHARE', p1: 'SHARE' },
    blocks: 'writes',
    scans: ['p1'],
    builds: ['p_id', 'p1_id_idx'],
  },
  { sql: 'create index concurrently a_n on a (n)', locks: {}, blocks: 'not observed' },
  { sql: 'vacuum full a', locks: {}, blocks: 'not observed', rewrites: ['a'] },
  { sql: 'reindex index a_v', locks: {}, blocks: 'not observed', builds: ['a_v'] },
];

const UNNOTICED = [
  'comment on table a is $$x$$',
  'alter table a set (fillfactor = 90)',
  'alter table a alter n set statistics 10',
  'create statistics a_stat on v, n from a',
  'grant select on a to public',
  'update a set n = v',
  'select * from a for update',
  'drop index if exists nowhere',
  // Nobody else can see them yet.
  'create table c (id int); create index on c (id); alter table c add column q int; drop table c',
];

/** @param texts become the files `1.sql`, `2.sql` and so on. */
export function filesOf(texts: readonly string[]): MigrationFile[] {
  return texts.map((text, at) => ({
    pack: '',
    version: String(at + 1),
    name: '',
    file: `${at + 1}.sql`,
    kind: 'sql',
    text,
    rawHash: createHash('sha256').update(text).digest('hex'),
    down: undefined,
    schema: undefined,
    when: undefined,
    load: undefined,
  }));
}

/**
 * The same for every server that files can be replayed on: what PGlite says of locks is worth as much as
 * it agrees with PostgreSQL.
 */
export function describeReplay(database: () => TraceDatabase): void {
  const replay = (texts: readonly string[], options: ReplayOptions = {}): Promise<TraceReport> =>
    replayFiles(database(), filesOf(texts), options);

  beforeEach(async () => {
    // Alone, because several in one message are a transaction.
    await database().run('discard all');
    await database().run(`
      do $$ begin execute format('alter database %I reset all', current_database()); end $$;
      drop schema if exists app cascade;
      drop schema public cascade;
      create schema public;
    `);
  });

  test.each(NOTICED)('$sql', async ({ sql, locks, blocks, ...changes }) => {
    const { entries, failures } = await replay([BASE, sql]);
    expect(failures).toEqual([]);
    const [entry, ...others] = entries;
    expect(others).toEqual([]);
    const strong = entry?.locks.filter(({ mode }) => !/^(?:ACCESS|ROW) SHARE|^ROW EX/.test(mode));
    expect(Object.fromEntries(strong?.map(({ relation, mode }) => [relation, mode]) ?? [])).toEqual(
      locks,
    );
    const { builds = [], rewrites = [], scans = [], plannedScans = [] } = changes;
    expect(entry).toMatchObject({
      file: '2.sql',
      line: 1,
      column: 1,
      sql,
      blocks,
      held: [],
      rewrites,
    });
    expect(entry?.builds.toSorted()).toEqual(builds.toSorted());
    expect(entry?.scans.filter((table) => !plannedScans.includes(table))).toEqual(scans);
  });

  test.each(UNNOTICED)('nobody notices %s', async (sql) => {
    const { entries, failures, statementCount } = await replay([BASE, sql]);
    expect({ entries, failures }).toEqual({ entries: [], failures: [] });
    expect(statementCount).toBe(10 + sql.split(';').length);
  });

  describe('a transaction', () => {
    test('keeps its locks until it ends', async () => {
      const { entries } = await replay([
        BASE,
        'select 1; create index a_n on a (n);\n/* ü😀 */ update b set id = id;\nalter table b add column q int; select 2; vacuum p1; select 3;',
      ]);
      expect(
        entries.map(({ line, column, statement, statementCount, locks, held, blocks, heldFor }) => [
          `${line}:${column}`,
          `${statement}/${statementCount}`,
          locks.map(({ relation, mode }) => `${mode} ${relation}`).join(),
          held.map(({ relation, mode }) => `${mode} ${relation}`).join(),
          blocks,
          heldFor,
        ]),
      ).toEqual([
        ['1:11', '2/7', 'SHARE a', '', 'writes', 3],
        ['2:10', '3/7', 'ROW EXCLUSIVE b', 'SHARE a', 'writes', 2],
        ['3:1', '4/7', 'ACCESS EXCLUSIVE b', 'SHARE a', ALL, 1],
        ['3:33', '5/7', '', 'SHARE a,ACCESS EXCLUSIVE b', ALL, 0],
        ['3:43', '6/7', '', '', 'not observed', 0],
      ]);
    });

    test('names an index only where its table is free', async () => {
      const { entries } = await replay([
        BASE,
        'alter index a_v set tablespace pg_default; select 1',
      ]);
      expect(entries[0]?.locks).toEqual([
        { relation: 'a_v', kind: 'index', mode: AE, blocks: ALL },
      ]);
      const rewritten = await replay(['drop view av; alter table a alter id type bigint']);
      expect(rewritten.entries[1]?.locks.map(({ relation }) => relation).toSorted()).toEqual([
        'a',
        'b',
      ]);
    });

    test('is made of what is around the call of a procedure that commits', async () => {
      const { entries, failures, statementCount } = await replay([
        `${BASE}; create procedure tidy() language plpgsql as $$ begin update a set n = n; commit; end $$`,
        'alter table a add column q int; call tidy(); alter table a add column r int; select 1',
      ]);
      expect(failures).toEqual([]);
      expect(statementCount).toBe(15);
      expect(
        entries.map(({ sql, blocks, heldFor }) => [sql.slice(0, 27), blocks, heldFor]),
      ).toEqual([
        ['alter table a add column q ', ALL, 0],
        ['call tidy()', 'not observed', 0],
        ['alter table a add column r ', ALL, 1],
        ['select 1', ALL, 0],
      ]);
    });

    test('is watched also after the statement that throws prepared statements away', async () => {
      const { entries, failures } = await replay([BASE, 'deallocate all; drop index a_v']);
      expect(failures).toEqual([]);
      expect(entries).toMatchObject([{ sql: 'drop index a_v', locks: [{ relation: 'a' }] }]);
    });
  });

  describe('a file that fails', () => {
    test('is rolled back to its last step, and the next one runs', async () => {
      const { failures, fileCount, statementCount } = await replay([
        "create table kept (id int); vacuum kept;\ncreate table gone (id int);\nselect 'ä😀', nope from kept;",
        "insert into kept values (1); do $$ begin if to_regclass('gone') is not null then raise 'is there'; end if; end $$;",
        '\n  \\restrict token',
      ]);
      expect(fileCount).toBe(3);
      expect(statementCount).toBe(4);
      expect(failures).toEqual([
        {
          file: '1.sql',
          line: 3,
          column: 14,
          statement: 4,
          statementCount: 4,
          sqlstate: '42703',
          message: 'column "nope" does not exist',
          hint: undefined,
          excerpt: "  3 | select 'ä😀', nope from kept;\n    |              ^",
        },
        expect.objectContaining({ file: '3.sql', line: 2, column: 3, sqlstate: undefined }),
      ]);
    });

    test('may fail only at its commit', async () => {
      const { failures } = await replay([
        BASE,
        'alter table b add foreign key (id) references a deferrable initially deferred;\ninsert into b values (99, null);\nselect 1',
        'select count(*) from b',
      ]);
      expect(failures).toMatchObject([{ file: '2.sql', line: 3, column: 1, sqlstate: '23503' }]);
    });
  });

  test('every file begins with a new session', async () => {
    const { failures } = await replay([
      `create schema app; set search_path = app; create temp table passing (id int); set role pg_monitor;`,
      `do $$ begin
         if to_regclass('passing') is not null then raise 'temporary table is there'; end if;
         if current_user = 'pg_monitor' then raise 'role is set'; end if;
         execute format('alter database %I set search_path = app', current_database());
       end $$; create table public.plain (id int)`,
      'create table here (id int)',
      'select * from app.here, public.plain',
    ]);
    expect(failures).toEqual([]);
  });

  test('what is left at the end', async () => {
    await database().run('create table set_up (id int primary key, other int references set_up)');
    const report = await replay([
      BASE,
      `create schema app; create table app."C x" (one int, two int, a_id int, unique (two, one));
       alter table app."C x" add constraint pair foreign key (one, two) references app."C x" (two, one),
         add constraint "to a" foreign key (a_id) references a;
       create index partly on app."C x" (a_id) where a_id > 0;`,
      "insert into a (id, v) values (2, 'x');\ncreate unique index concurrently a_twice on a (v)",
    ]);
    expect(report.invalidIndexes).toEqual([{ index: 'a_twice', table: 'a' }]);
    expect(report.failures).toMatchObject([{ file: '3.sql', line: 2, sqlstate: '23505' }]);
    expect(report.uncoveredForeignKeys).toEqual([
      {
        constraint: '"to a"',
        table: 'app."C x"',
        columns: ['a_id'],
        references: 'a',
        file: '2.sql',
        line: 2,
        column: 8,
      },
      {
        constraint: 'b_old',
        table: 'b',
        columns: ['a_id'],
        references: 'a',
        file: '1.sql',
        line: 5,
        column: 1,
      },
    ]);
  });

  test('a setup that fails is an option that is wrong', async () => {
    await expect(runSetup(database(), ['select 1', 'create role'])).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
      message: expect.stringMatching(/setup\[1\] failed: syntax error .*\(SQLSTATE 42601\)/),
    });
  });

  test('since: the newer files are one run', async () => {
    const texts = [
      BASE,
      'drop index a_v',
      'create table c (id int)',
      'create index on c (id)',
      'create index on b (a_id)',
    ];
    const all = await replay(texts);
    expect(all.entries.map(({ file }) => file)).toEqual(['2.sql', '4.sql', '5.sql']);
    await database().run('drop schema public cascade; create schema public');
    const newer = await replay(texts, { since: '2' });
    expect(newer.entries.map(({ file }) => file)).toEqual(['5.sql']);
    expect(newer).toMatchObject({ fileCount: 3, statementCount: 3, failures: [] });
    // Made by an older file, at a place that was not looked at.
    expect(newer.uncoveredForeignKeys).toEqual([]);
  });

  test('an extension that is not available is passed over', async () => {
    const { skipped, failures } = await replay([
      'select 1;\n create extension if not exists "no-such"; select 2',
    ]);
    expect(failures).toEqual([]);
    expect(skipped).toMatchObject([{ file: '1.sql', line: 2, column: 2 }]);
    expect(skipped[0]?.message).toContain('no-such');
  });
}
