import pg from 'pg';
import { createJobsCleanup, type JobsCleanupOptions } from './jobs-cleanup.ts';
import { jobSum } from './jobs-tables.ts';

/** Restores every run, twice, and compares with what was written. Says how many rows came back, and what is wrong. */
export async function restoreAll(
  url: string,
  options: JobsCleanupOptions,
): Promise<{ readonly restored: number; readonly wrong: readonly string[] }> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const cleanup = createJobsCleanup(pool, options);
  const wrong: string[] = [];
  let restored = 0;
  try {
    const { rows } = await pool.query<{ id: string }>(
      `select id::text as id from ops_cleanup.runs r
       where exists (select from ops_cleanup.manifest m where m.run_id = r.id)
       order by fence desc`,
    );
    for (const time of ['first', 'second']) {
      for (const { id } of rows) {
        const report = await cleanup.restore(id);
        restored += report.restored;
        if (!report.ok || report.missing > 0)
          wrong.push(`restore of ${id}: ${String(report.error)}`);
        if (time === 'second' && report.restored > 0) wrong.push(`${id} brought rows back twice`);
      }
      wrong.push(...(await differences(pool, options)));
    }
    return { restored, wrong };
  } finally {
    await pool.end();
  }
}

async function differences(pool: pg.Pool, { mode }: JobsCleanupOptions): Promise<string[]> {
  const left = (table: string): string =>
    `union all select 'still in the archive: ' || count(*) from ${table} having count(*) > 0`;
  const { rows } = await pool.query<{ what: string }>(
    `select 'job ' || id as what
     from truth full join (select id, ${jobSum('j')} as sum from jobs j) now using (id)
     where truth.sum is distinct from now.sum
     union all
     select 'step ' || step_no
     from truth_steps truth
     full join (select step_no, step_sum(step_no, job_id, payload) as sum from steps) now using (step_no)
     where truth.sum is distinct from now.sum
     ${mode === 'table' ? `${left('archive.jobs')} ${left('archive.jobs_steps')}` : ''}
     limit 10`,
  );
  return rows.map(({ what }) => `after restoring, missing, changed or too many: ${what}`);
}
