import type pg from 'pg';
import type { Mode } from './jobs-cleanup.ts';
import { jobSum } from './jobs-tables.ts';
import { readArchive } from './read-archive.ts';

/** Whose archive to look at. */
interface Place {
  readonly mode: Mode;
  /** Of archive files. */
  readonly directory: string;
}

/** Everything that is wrong at this moment; empty when the truth, the archive and the history agree. */
export async function verify(client: pg.Client, place: Place): Promise<string[]> {
  await client.query('begin isolation level repeatable read');
  try {
    return await findWrong(client, place);
  } finally {
    await client.query('rollback');
  }
}

/** {@link verify} within a transaction, whose own changes it sees. Makes temporary tables. */
export async function findWrong(client: pg.Client, { mode, directory }: Place): Promise<string[]> {
  const wrong: string[] = [];
  await client.query(
    `create temporary table archived (of text, id bigint, sum text) on commit drop`,
  );
  if (mode === 'table') await fillFromTables(client);
  if (mode === 'files') wrong.push(...(await fillFromFiles(client, directory)));
  const checks = { ...ALWAYS, ...(mode === 'delete' ? PURGED : ARCHIVED) };
  for (const [what, text] of Object.entries(checks)) {
    const { rows } = await client.query<{ bad: string }>(text);
    const some = rows.slice(0, 5).map(({ bad }) => bad);
    if (rows.length > 0) wrong.push(`${what}: ${some.join(', ')} (${rows.length})`);
  }
  return wrong;
}

async function fillFromTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ is_there: boolean }>(
    `select to_regclass('archive.jobs_steps') is not null as is_there`,
  );
  // Made when the first policy runs; a fault may come before.
  if (!rows[0]?.is_there) return;
  await client.query(
    `insert into archived
     select 'jobs', id, ${jobSum('j')} from archive.jobs j
     union all
     select 'steps', step_no, step_sum(step_no, job_id, payload) from archive.jobs_steps`,
  );
}

async function fillFromFiles(client: pg.Client, directory: string): Promise<readonly string[]> {
  const { rows, wrong } = await readArchive(client, directory);
  const texts = (table: string): string => JSON.stringify(rows[table] ?? []);
  await client.query(
    `insert into archived
     select 'jobs', id, ${jobSum('j')}
     from jsonb_to_recordset($1::jsonb) j
       (id bigint, tenant int, status text, started_at timestamptz, touched int, payload text)
     union all
     select 'steps', step_no, step_sum(step_no, job_id, payload)
     from jsonb_to_recordset($2::jsonb) s (step_no bigint, job_id bigint, payload text)`,
    [texts('"public"."jobs"'), texts('"public"."steps"')],
  );
  return wrong;
}

/** Each finds nothing, or rows that say what is wrong. */
const ALWAYS = {
  'a live row was removed (I1)': `
    select kept.id || ' ' || why as bad from kept where not exists (select from jobs where jobs.id = kept.id)`,
  'a live row is not what was written': `
    select jobs.id::text as bad
    from jobs left join truth on truth.id = jobs.id
    where truth.sum is distinct from ${jobSum('jobs')}`,
  'a live step is not what was written': `
    select s.step_no::text as bad
    from steps s left join truth_steps t on t.step_no = s.step_no
    where t.sum is distinct from step_sum(s.step_no, s.job_id, s.payload)`,
  'a step of a live row is gone (I12)': `
    select t.step_no::text as bad
    from truth_steps t join jobs on jobs.id = t.job_id
    where not exists (select from steps s where s.step_no = t.step_no)`,
  'not live or deleted once (I2)': `
    select truth.id || ' is ' || coalesce(string_agg(at, ' and '), 'nowhere') as bad
    from truth
    left join (
      select id, 'live' as at, null as sum from jobs
      union all select id, 'deleted', sum from witnessed
    ) found on found.id = truth.id and coalesce(found.sum, truth.sum) = truth.sum
    group by truth.id
    having count(at) <> 1`,
  'history: rows deleted are not rows gone (I3)': `
    select recorded || ' recorded, ' || gone || ' gone' as bad
    from (
      select (select coalesce(sum(deleted), 0) from ops_cleanup.policy_runs) as recorded,
        (select count(*) from witnessed) as gone
    ) counted
    where recorded <> gone`,
  'history: two runs are open (I6)': `
    select count(*)::text as bad from ops_cleanup.runs where ended_at is null having count(*) > 1`,
  'history: fences are not one for each run (I6)': `
    select fence::text as bad from ops_cleanup.runs group by fence having count(*) > 1`,
};

const PURGED = {
  'history: rows archived by a plain delete': `
    select archived::text as bad from ops_cleanup.policy_runs where archived <> 0`,
};

const ARCHIVED = {
  'not exactly once in table and archive (I2)': `
    select truth.id || ' is ' || coalesce(string_agg(at, ' and '), 'nowhere') as bad
    from truth
    left join (
      select id, 'live' as at from jobs
      union all select id, 'archived' from archived where of = 'jobs'
    ) found using (id)
    group by truth.id
    having count(at) <> 1`,
  'a step not exactly once in table and archive (I2)': `
    select truth.step_no || ' is ' || coalesce(string_agg(at, ' and '), 'nowhere') as bad
    from truth_steps truth
    left join (
      select step_no, 'live' as at from steps
      union all select id, 'archived' from archived where of = 'steps'
    ) found using (step_no)
    group by truth.step_no
    having count(at) <> 1`,
  'an archived row is not what was deleted (I4)': `
    select of || ' ' || archived.id as bad
    from archived
    left join (
      select 'jobs' as of, id, sum from truth
      union all select 'steps', step_no, sum from truth_steps
    ) truth using (of, id)
    where truth.sum is distinct from archived.sum`,
  'history: rows archived are not rows in the archive (I3)': `
    select recorded || ' recorded, ' || listed || ' in the manifest, ' || found || ' found' as bad
    from (
      select (select coalesce(sum(archived), 0) from ops_cleanup.policy_runs) as recorded,
        (select coalesce(sum(row_count), 0) from ops_cleanup.manifest) as listed,
        (select count(*) from archived) as found
    ) counted
    where recorded <> found or listed <> found`,
  'history and manifest of a run differ (I3)': `
    select run_id::text as bad
    from ops_cleanup.policy_runs
    left join (
      select run_id, sum(row_count) as listed,
        sum(row_count) filter (where table_name = '"public"."jobs"') as jobs
      from ops_cleanup.manifest group by run_id
    ) m using (run_id)
    where (archived, deleted) <> (coalesce(listed, 0), coalesce(jobs, 0))`,
};
