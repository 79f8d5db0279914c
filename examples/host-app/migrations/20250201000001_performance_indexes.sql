-- Indexes for the fields that the endpoints filter and sort by. Each is built concurrently, so that
-- the tables stay writable meanwhile; no statement of this file can run in a transaction.

create index concurrently idx_workflow_executions_started_at
  on workflow_executions (started_at desc);

create index concurrently idx_workflow_executions_user_started
  on workflow_executions (user_id, started_at desc);

create index concurrently idx_profiles_trial_start_date
  on profiles (trial_start_date)
  where trial_start_date is not null;

create index concurrently idx_profiles_plan_name
  on profiles (plan_name)
  where plan_name is not null;

create index concurrently idx_integrations_user_status
  on integrations (user_id, status)
  where status = 'connected';

create index concurrently idx_workflows_user_enabled
  on workflows (user_id, enabled)
  where enabled = true;

create index concurrently idx_app_events_user_timestamp
  on app_events (user_id, created_at desc)
  where user_id is not null;

create index concurrently idx_app_events_type_timestamp
  on app_events (event_type, created_at desc);
