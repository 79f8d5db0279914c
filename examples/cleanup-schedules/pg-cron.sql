-- pg_cron runs SQL inside the database. It starts no program, so it cannot run @ops/cleanup, and SQL
-- that it ran in place of it would have none of its checks: no plan, no holds, no share, no archive.
-- What it can do is call something that has Node.js: here the Edge Function of edge-function.ts, by
-- pg_net, which sends the request after COMMIT and waits for no answer.
--
-- Needs the extensions pg_cron and pg_net, and Vault (all three on Supabase). Elsewhere put URL and
-- secret where only the role of the job may read them.

-- Once:
--   select vault.create_secret('https://<project>.supabase.co/functions/v1/cleanup', 'cleanup_url');
--   select vault.create_secret('<at least 16 random characters>', 'cleanup_secret');

-- The zone is that of cron.timezone, which is GMT unless somebody changed it.
select cron.schedule(
  'cleanup',
  '0 2 * * *',
  $job$
    select net.http_post(
      url := (select decrypted_secret from vault.decrypted_secrets where name = 'cleanup_url'),
      headers := jsonb_build_object(
        'authorization',
        'Bearer ' || (select decrypted_secret from vault.decrypted_secrets where name = 'cleanup_secret')
      ),
      body := '{}'::jsonb,
      -- Its default is seconds, and the answer takes as long as the run.
      timeout_milliseconds := 150000
    )
  $job$
);

-- pg_cron writes down every run of every job and forgets none.
select cron.schedule(
  'forget-cron-history',
  '30 3 * * *',
  $job$
    delete from cron.job_run_details
    where end_time < now() - interval '14 days'
  $job$
);

-- cron.job_run_details says "succeeded" once the request was queued, whatever became of it. How the
-- runs ended is in the tables of the cleanup: ask status(), or
--   select policy, stopped, deleted, ended_at
--   from ops_cleanup.policy_runs
--   order by started_at desc
--   limit 10;
