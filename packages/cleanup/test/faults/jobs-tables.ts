import type pg from 'pg';

/*
 * What the campaigns clean up, and the truth about it. The application writes down what it did in the
 * statement that does it, so the truth survives whatever happens to any process:
 *
 *   truth, truth_steps   every row there ever was, with the checksum of what is in it now
 *   kept                 why a row must be there: it was never due, or was saved, and not given up since
 *   witnessed            every row that was deleted, as it was, written by a trigger of that deletion
 *
 * The key of a step is not called `id`: holds are looked up for a child that has the column, too.
 */
const TABLES = `
create table jobs (
  id bigint generated always as identity primary key,
  tenant int not null,
  status text not null default 'completed',
  started_at timestamptz not null,
  touched int not null default 0,
  payload text not null
);
create index on jobs (started_at);
create table steps (
  step_no bigint generated always as identity primary key,
  job_id bigint not null references jobs on delete cascade,
  payload text not null
);
create index on steps (job_id);
create table legal_holds (
  id bigint generated always as identity primary key,
  job_id bigint not null,
  released_at timestamptz
);
create index on legal_holds (job_id);
create table truth (id bigint primary key, sum text not null);
create table truth_steps (step_no bigint primary key, job_id bigint not null, sum text not null);
create table kept (id bigint not null, why text not null, primary key (id, why));
create table witnessed (id bigint not null, sum text not null);

-- The same in every time zone, from a row as from the texts of an archive. Not immutable, as
-- concat_ws is not: the server would call them instead of putting them in place, at ten times the cost.
create function job_sum(bigint, int, text, timestamptz, int, text) returns text
  language sql stable
  return md5(concat_ws('|', $1, $2, $3, extract(epoch from $4), $5, $6));
create function step_sum(bigint, bigint, text) returns text
  language sql stable
  return md5(concat_ws('|', $1, $2, $3));
create function witness() returns trigger language plpgsql as $$
begin
  insert into witnessed
  values (old.id, job_sum(old.id, old.tenant, old.status, old.started_at, old.touched, old.payload));
  return null;
end $$;
create trigger witness after delete on jobs for each row execute function witness()`;

/** Checksum of a row of `jobs`, by the name it has in a statement. */
export function jobSum(row: string): string {
  const columns = ['id', 'tenant', 'status', 'started_at', 'touched', 'payload'];
  return `job_sum(${columns.map((column) => `${row}.${column}`).join(', ')})`;
}

/** Which rows the policy is about, beside their age and holds; `where` of the policy. */
const DUE_WHERE = `status in ('completed', 'failed') and tenant <> 0`;

/** Makes the tables anew in `public`; those of the archive and the history are dropped. */
export async function makeTables(client: pg.Client): Promise<void> {
  await client.query(`
    drop schema if exists public, archive, ops_cleanup cascade;
    create schema public;
    create schema archive;
    ${TABLES}`);
}

/**
 * Adds jobs, each with a step. Of every thirty, the first three are never due: of tenant 0, running,
 * fresh. So one job alone is due when `first` is 3 or more.
 */
export async function addJobs(client: pg.Client, count: number, first = 0): Promise<void> {
  await client.query(
    `with new as (
       insert into jobs (tenant, status, started_at, payload)
       select
         case when n % 30 = 0 then 0 else 1 + n % 7 end,
         case when n % 30 = 1 then 'running' when n % 2 = 0 then 'failed' else 'completed' end,
         case when n % 30 = 2 then now() else now() - interval '100 days' - random() * interval '50 days' end,
         md5(n::text) || repeat('x', n % 200)
       from generate_series($2::int, $2::int + $1::int - 1) n
       returning *
     ), new_steps as (
       insert into steps (job_id, payload)
       select id, 'step of ' || id from new
       returning *
     ), told as (
       insert into truth select id, ${jobSum('new')} from new
     ), told_steps as (
       insert into truth_steps select step_no, job_id, step_sum(step_no, job_id, payload) from new_steps
     )
     insert into kept
     select id, 'never due' from new
     where not (${DUE_WHERE}) or started_at > now() - interval '90 days'`,
    [count, first],
  );
}
