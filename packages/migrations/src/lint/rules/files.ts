import type { Rule } from '../rule.ts';

/** Found by the parser. */
export const syntaxError: Rule = {
  id: 'syntax-error',
  severity: 'error',
  summary: 'SQL that PostgreSQL cannot read',
  why: 'The file cannot be applied. Only the first place is reported: what follows a syntax error cannot be trusted.',
  rewrite: 'See the message, which is that of PostgreSQL 18.',
  bad: "comment on index if exists orders_pkey is 'the key';",
  good: "comment on index orders_pkey is 'the key';",
};

const duplicateVersion: Rule = {
  id: 'duplicate-version',
  severity: 'error',
  summary: 'two files with one version',
  why: 'Their order is chance, and most tools apply one of them and record both, or neither.',
  rewrite: 'Give the newer of the two a version of its own, above all that are applied.',
  bad: `-- file: 7_orders.sql
create table orders (id bigint generated always as identity primary key);
-- file: 7_users.sql
create table users (id bigint generated always as identity primary key);`,
  good: `-- file: 7_orders.sql
create table orders (id bigint generated always as identity primary key);
-- file: 8_users.sql
create table users (id bigint generated always as identity primary key);`,
};

const ignoredFileName: Rule = {
  id: 'ignored-file-name',
  severity: 'error',
  summary: 'a file whose name does not say its version',
  why: 'Migration tools pass over such a file in silence; here `up` refuses the folder.',
  rewrite: 'Name it <digits>_<name>.sql, for example 20250201000000_add_plans.sql.',
  bad: `-- file: 2025-11-05_orders.sql
create table orders (id bigint generated always as identity primary key);`,
  good: `-- file: 20251105000000_orders.sql
create table orders (id bigint generated always as identity primary key);`,
};

export const farFutureVersion: Rule = {
  id: 'far-future-version',
  severity: 'error',
  summary: 'a version that reads as a time more than a day ahead, or that no calendar has',
  why: 'Every file made until then is older than this one, so it comes out of order once this one is applied.',
  rewrite: 'Give it the time at which it was made.',
  bad: `-- file: 99999999999999_orders.sql
create table orders (id bigint generated always as identity primary key);`,
  good: `-- file: 20250201000000_orders.sql
create table orders (id bigint generated always as identity primary key);`,
};

export const unusableFile: Rule = {
  id: 'unusable-file',
  severity: 'error',
  summary: 'a file without a statement, that cannot be read, or with a directive that is not known',
  why: '`up` refuses it before it runs anything.',
  rewrite: 'See the message.',
  bad: '-- nothing here',
  good: 'select 1;',
};

export const unusedSuppression: Rule = {
  id: 'unused-suppression',
  severity: 'warning',
  summary: 'a rule allowed where it has nothing to say, or that does not exist',
  why: 'The comment says something that is not so, and would hide a later mistake.',
  rewrite: 'Remove it, or correct the name.',
  bad: `-- ops: allow ban-drop-table -- nothing is dropped here
select 1;`,
  good: `-- ops: allow ban-drop-table -- moved to orders in release 40
drop table old_orders;`,
};

export const suppressionWithoutReason: Rule = {
  id: 'suppression-without-reason',
  severity: 'error',
  summary: 'a rule allowed without saying why',
  why: 'Whoever reads it later cannot tell whether it still holds. Without a reason it switches nothing off.',
  rewrite: 'Write the reason behind a second pair of dashes: -- ops: allow <rule> -- <reason>',
  bad: `-- ops: allow ban-drop-not-null
select 1;`,
  good: `-- ops: allow ban-drop-table -- moved to orders in release 40
drop table old_orders;`,
};

export const FILE_RULES: readonly Rule[] = [
  syntaxError,
  duplicateVersion,
  ignoredFileName,
  farFutureVersion,
  unusableFile,
  unusedSuppression,
  suppressionWithoutReason,
];
