-- The first of two shapes; the second, in 20250302, does nothing.
create table if not exists profiles (
  id uuid primary key,
  trial_start_date timestamptz,
  plan_name text
);

create table if not exists workflow_executions (
  id bigint generated always as identity primary key,
  workflow_id bigint not null,
  user_id uuid,
  status text not null,
  created_at timestamptz not null default now()
);
