import { describe, expect, test } from 'vitest';
import { classify, isSessionSetting, setsSetting } from '../../src/sql/classify.ts';
import { type Statement, splitStatements } from '../../src/sql/split.ts';

function one(sql: string): Statement {
  const [statement, ...others] = splitStatements(sql);
  if (statement === undefined || others.length > 0) throw new Error(`not one statement: ${sql}`);
  return statement;
}

describe('classify', () => {
  test.each([
    'create index i on t (concurrently)',
    'create index "concurrently" on t (a)',
    'create table vacuum (a int)',
    "insert into t values ('vacuum')",
    'alter table t detach partition p',
    "alter type mood add value 'ok'",
    'refresh materialized view concurrently m',
    'rollback to savepoint a',
    'rollback work to a',
    'savepoint a',
    'release a',
    "copy t from program 'cat'",
    'copy (select 1) to stdout',
    'copy (select * from stdin) to stdout',
    'do $$ begin perform 1; end $$',
    "do $$ begin raise notice 'commit;'; end $$",
    'do $$ begin /* commit; */ insert into commit values (1); end $$',
    'call p()',
    'alter database d set work_mem = 1',
    'set standard_conforming_strings = on',
    "set standard_conforming_strings to 'on'",
    "SET client_encoding = 'UTF8'",
    'set client_encoding to unicode',
    "select pg_catalog.set_config('client_encoding', 'utf-8', false)",
    "insert into settings values ('client_encoding', '=', 'LATIN1')",
    "select 'pg_advisory_unlock_all ('",
    'discard temp',
    'set names utf8',
    'reset client_encoding',
    'create function f() returns int language sql set client_encoding = latin1 return 1',
    'do $$ begin perform pg_advisory_unlock(1); end $$',
    'create table pg_create_logical_replication_slot (a int)',
    'prepare p as select 1',
  ])('in a transaction: %s', (sql) => {
    expect(classify(one(sql)).kind).toBe('transactional');
  });

  test.each([
    'create index concurrently i on t (a)',
    'CREATE /* x */ UNIQUE\nINDEX -- y\n CONCURRENTLY IF NOT EXISTS i ON t (a)',
  ])('index: %s', (sql) => {
    expect(classify(one(sql)).kind).toBe('index');
  });

  test.each([
    'drop index concurrently i',
    'DROP INDEX CONCURRENTLY IF EXISTS a.i, b.j CASCADE',
    'reindex index concurrently i',
    'reindex (concurrently, verbose) table t',
    'reindex schema s',
    'vacuum',
    'vacuum (analyze) t',
    'cluster',
    'create database d',
    'drop database if exists d',
    'alter database d set tablespace x',
    "create tablespace x location '/x'",
    'alter system set work_mem = 1',
    "create subscription s connection '' publication p",
    'drop subscription s',
    'alter table a.t detach partition a.p concurrently',
    "commit prepared 'x'",
    "rollback prepared 'x'",
    'cluster t using i',
    'reindex system d',
    'alter subscription s refresh publication',
    'drop tablespace x',
    "select pg_catalog.pg_create_logical_replication_slot('a', 'pgoutput')",
    'do $$ begin for i in 1..3 loop insert into t values (i); commit; end loop; end $$',
    "DO LANGUAGE plpgsql 'begin rollback and chain; end'",
    'do $x$ begin if true then commit; end if; end $x$',
  ])('alone: %s', (sql) => {
    expect(classify(one(sql)).kind).toBe('standalone');
  });

  test.each([
    'begin',
    'BEGIN ISOLATION LEVEL serializable',
    'start transaction',
    'commit',
    'commit work',
    'end',
    'rollback',
    'rollback and chain',
    'abort',
    "prepare transaction 'x'",
    'copy t from stdin',
    'COPY public.t (a, b) FROM stdin WITH (format csv)',
    'discard all',
    "set names 'LATIN1'",
    'set session names win1252',
    'do $$ begin perform pg_advisory_unlock_all(); end $$',
    'copy binary t from stdin',
    'set standard_conforming_strings = off',
    "select set_config('standard_conforming_strings', 'off', false)",
    "SET client_encoding = 'LATIN1'",
    'set local client_encoding to win1252',
    "select pg_catalog.set_config('client_encoding', 'latin1', false)",
    'select pg_advisory_unlock_all()',
  ])('refused: %s', (sql) => {
    expect(classify(one(sql)).kind).toBe('refused');
  });
});

describe('isSessionSetting', () => {
  test.each([
    ['set search_path = a', true],
    ['set session work_mem = 1', true],
    ['set role r', true],
    ['reset all', true],
    ["SELECT pg_catalog.set_config('search_path', '', false)", true],
    ["select set_config('a.b', 'c', true)", false],
    ['set local work_mem = 1', false],
    ['set constraints all deferred', false],
    ['set transaction read only', false],
    ['select 1', false],
  ])('%s: %s', (sql, expected) => {
    expect(isSessionSetting(one(sql))).toBe(expected);
  });

  test('setsSetting finds the setting by name, and in "all"', () => {
    expect(setsSetting(one('SET Lock_Timeout = 1'), 'lock_timeout')).toBe(true);
    expect(setsSetting(one("select set_config('lock_timeout', '1', false)"), 'lock_timeout')).toBe(
      true,
    );
    expect(setsSetting(one('reset ALL'), 'lock_timeout')).toBe(true);
    expect(setsSetting(one('set work_mem = 1'), 'lock_timeout')).toBe(false);
    expect(setsSetting(one('set local lock_timeout = 1'), 'lock_timeout')).toBe(false);
  });
});
