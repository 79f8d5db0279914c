create table if not exists workflow_executions (
  id bigint generated always as identity primary key,
  user_id uuid,
  started_at timestamptz not null default now(),
  status text not null
);

create index if not exists idx_workflow_executions_started_at
  on workflow_executions (started_at);
