/*
 * The tables of this package. `runs` and `policy_runs` are the books; `leases` keeps runners apart;
 * `manifest` says what archives hold, and `soft_deleted` what can be taken back. A row of
 * `dropped_partitions` without `dropped_at` is of a partition that is between its place and the drop.
 */

/** One migration of a {@link MigrationPack}. */
export interface PackMigration {
  /** Digits; compared as a number. */
  readonly version: string;
  readonly name: string;
  /** `{{schema}}` stands for the quoted schema, which has to be there. */
  readonly sql: string;
}

/** Migrations with a history of their own, in the shape that the `pack` of `@ops/migrations` takes. */
export interface MigrationPack {
  readonly name: string;
  /** Where the tables go unless the host says otherwise; what `history.schema` says must be the same. */
  readonly schema: string;
  readonly migrations: readonly PackMigration[];
}

/** Name of every table, in the order in which they are created. */
export const TABLE_NAMES: readonly string[] = [
  'leases',
  'runs',
  'policy_runs',
  'manifest',
  'soft_deleted',
  'dropped_partitions',
];

/**
 * The tables that `run()` needs, in a schema of their own. Every statement says `if not exists`, so
 * `ensureTables` and a migration runner may both have their turn.
 *
 * A run is forgotten after `history.keep`, unless an archive or a soft delete that can still be
 * taken back depends on it.
 */
export const cleanupTables: MigrationPack = {
  name: 'ops_cleanup',
  schema: 'ops_cleanup',
  migrations: [
    {
      version: '1',
      name: 'schema',
      sql: 'create schema if not exists {{schema}};',
    },
    {
      version: '2',
      name: 'history',
      sql: `
create table if not exists {{schema}}.leases (
  name text primary key,
  owner text,
  run_id uuid,
  fence bigint not null,
  heartbeat_at timestamptz not null,
  stop_requested_at timestamptz,
  stop_requested_by text,
  stop_reason text
) with (fillfactor = 50);
create table if not exists {{schema}}.runs (
  id uuid primary key,
  name text not null,
  fence bigint not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  ok boolean
);
create index if not exists runs_started_at_idx on {{schema}}.runs (started_at);
create table if not exists {{schema}}.policy_runs (
  run_id uuid not null references {{schema}}.runs on delete cascade,
  policy text not null,
  policy_hash text not null,
  table_name text not null,
  cut_off timestamptz,
  share double precision,
  accepted_share double precision,
  started_at timestamptz not null,
  ended_at timestamptz,
  stopped text,
  cursor jsonb,
  picked bigint not null default 0,
  deleted bigint not null default 0,
  purged bigint not null default 0,
  soft_deleted bigint not null default 0,
  archived bigint not null default 0,
  blocked bigint not null default 0,
  batches bigint not null default 0,
  report jsonb,
  primary key (run_id, policy)
) with (fillfactor = 50);
create index if not exists policy_runs_policy_idx on {{schema}}.policy_runs (policy, started_at desc);
create table if not exists {{schema}}.manifest (
  run_id uuid not null references {{schema}}.runs,
  policy text not null,
  seq bigint not null,
  kind text not null,
  uri text not null,
  table_name text not null,
  place int not null default 0,
  row_count bigint not null,
  byte_offset bigint not null default 0,
  byte_count bigint,
  sha256 text,
  columns jsonb,
  committed_at timestamptz not null default clock_timestamp(),
  restored_count bigint,
  restored_at timestamptz,
  primary key (run_id, policy, seq, table_name)
);
create table if not exists {{schema}}.soft_deleted (
  run_id uuid not null references {{schema}}.runs,
  policy text not null,
  table_name text not null,
  key jsonb not null,
  before jsonb not null,
  after jsonb not null,
  marked_at timestamptz not null,
  undo_until timestamptz not null,
  undone_at timestamptz,
  primary key (run_id, policy, table_name, key)
);
create table if not exists {{schema}}.dropped_partitions (
  run_id uuid not null references {{schema}}.runs on delete cascade,
  policy text not null,
  root_oid oid not null,
  parent_name text not null,
  table_oid oid not null,
  table_name text not null,
  bound text not null,
  row_count bigint,
  byte_count bigint not null,
  detach_at timestamptz not null,
  dropped_at timestamptz,
  primary key (run_id, table_oid)
);
create unique index if not exists dropped_partitions_pending_idx
  on {{schema}}.dropped_partitions (table_oid) where dropped_at is null;`,
    },
  ],
};
