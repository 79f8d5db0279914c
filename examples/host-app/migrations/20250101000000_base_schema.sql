-- The tables of a small workflow-automation service.

create table profiles (
  id uuid primary key,
  email text not null unique,
  first_name text,
  plan_name text,
  trial_start_date date,
  created_at timestamptz not null default now()
);

create table integrations (
  id uuid primary key,
  user_id uuid not null references profiles (id),
  provider text not null,
  status text not null,
  connected_at timestamptz
);

create table workflows (
  id uuid primary key,
  user_id uuid not null references profiles (id),
  name text not null,
  enabled boolean not null default true,
  status text not null default 'active',
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

-- No foreign key to workflows: an execution outlives its workflow, and some do dangle.
create table workflow_executions (
  id uuid primary key,
  workflow_id uuid not null,
  user_id uuid not null,
  status text not null check (status in ('running', 'completed', 'failed')),
  started_at timestamptz not null,
  finished_at timestamptz,
  duration_ms integer,
  error text
);

create table app_events (
  id uuid primary key,
  user_id uuid,
  event_type text not null,
  path text,
  meta jsonb not null default '{}',
  created_at timestamptz not null default now()
);
