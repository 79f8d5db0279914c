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
  /** Where the tables go unless the host says otherwise. */
  readonly schema: string;
  readonly migrations: readonly PackMigration[];
}

/** The partitioned table with its default partition; the months are made by `ensurePartitions`. */
export const PARTITIONED_TABLE = `
create table {{schema}}.app_events (
  id uuid not null,
  event_type text not null,
  user_id text,
  path text,
  meta jsonb,
  context jsonb,
  created_at timestamptz not null,
  received_at timestamptz not null default now(),
  source text,
  sample_rate real not null default 1,
  xid xid8 not null default pg_current_xact_id()
) partition by range (created_at);
create index app_events_created_at_idx on {{schema}}.app_events (created_at);
create index app_events_xid_idx on {{schema}}.app_events (xid);
create table {{schema}}.app_events_default
  partition of {{schema}}.app_events (primary key (id)) default;
create table {{schema}}.app_events_moved (
  id uuid primary key,
  created_at timestamptz not null
);`;

/**
 * The tables that {@link postgresSink} writes by default, for applications that have none.
 *
 * Version 1 makes a plain `app_events(id, user_id, event_type, path, meta, created_at)`. Version 2
 * replaces it by a table that is partitioned by month of `created_at`, **only** when it is exactly
 * what version 1 makes, empty, and nothing refers to it: so a new installation is partitioned, and a
 * table that has rows, or that anybody has added to, stays as it is and goes on to work. It is never
 * converted; moving its rows is a decision, and `replay` is a way.
 *
 * `app_events`: `user_id` is text, so that any application's ids fit; `created_at` is when the event
 * happened by the server's clock; `sample_rate` says that the row stands for `1 / sample_rate`
 * events; `xid` is the transaction that inserted it, for rollups that follow. `app_events_default`
 * takes the months that have no partition. `app_events_moved` notes the rows that lie outside the
 * month in which their id was made, see {@link postgresSink}.
 */
export const telemetryTables: MigrationPack = {
  name: 'ops_telemetry',
  schema: 'public',
  migrations: [
    {
      version: '1',
      name: 'app_events',
      sql: `
create table if not exists {{schema}}.app_events (
  id uuid primary key,
  user_id text,
  event_type text not null,
  path text,
  meta jsonb,
  created_at timestamptz not null
);
create index if not exists app_events_created_at_idx on {{schema}}.app_events (created_at);`,
    },
    {
      version: '2',
      name: 'app_events_by_month',
      sql: `
do $ops_telemetry$
declare
  plain regclass := to_regclass('{{schema}}.app_events');
begin
  if exists (select from pg_class where oid = plain and relkind = 'r' and not relispartition) then
    lock table {{schema}}.app_events in access exclusive mode;
    if exists (select from {{schema}}.app_events)
      or (
        select array_agg(format('%s %s', attname, format_type(atttypid, atttypmod)) order by attnum)
        from pg_attribute
        where attrelid = plain and attnum > 0
      ) is distinct from array[
        'id uuid',
        'user_id text',
        'event_type text',
        'path text',
        'meta jsonb',
        'created_at timestamp with time zone'
      ]
      or (select count(*) from pg_index where indrelid = plain) <> 2
      or exists (select from pg_constraint where conrelid = plain and contype not in ('p', 'n'))
      or exists (select from pg_constraint where confrelid = plain)
      or exists (select from pg_trigger where tgrelid = plain)
      or exists (select from pg_policy where polrelid = plain)
      or exists (select from pg_publication_rel where prrelid = plain)
      or exists (select from pg_inherits where inhparent = plain)
      or exists (select from pg_depend where refobjid = plain and deptype = 'n')
      or exists (
        select
        from pg_class
        where oid = plain
          and (relacl is not null or relrowsecurity or reloptions is not null)
      )
    then
      raise notice 'app_events stays a plain table: it is in use';
      return;
    end if;
    drop table {{schema}}.app_events;
    plain := null;
  end if;
  if plain is not null then
    return;
  end if;
${PARTITIONED_TABLE.trim().replaceAll(/^/gm, '  ')}
end
$ops_telemetry$;`,
    },
  ],
};
