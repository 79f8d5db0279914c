/** The five tables as the application makes them, in the schema given (a plain name). */
export function tables(schema: string): string {
  return `
    create table ${schema}.profiles (
      id uuid primary key default gen_random_uuid(),
      email text not null,
      plan_name text,
      trial_start_date date
    );
    create table ${schema}.integrations (
      id uuid primary key default gen_random_uuid(),
      user_id uuid not null,
      provider text not null,
      status text not null,
      connected_at timestamptz
    );
    create table ${schema}.workflows (
      id uuid primary key default gen_random_uuid(),
      user_id uuid not null,
      name text not null,
      enabled boolean not null default true,
      updated_at timestamptz not null default now()
    );
    create table ${schema}.workflow_executions (
      id uuid primary key default gen_random_uuid(),
      workflow_id uuid not null,
      user_id uuid not null,
      status text not null,
      started_at timestamptz not null,
      duration_ms integer
    );
    create table ${schema}.app_events (
      id uuid primary key default gen_random_uuid(),
      user_id uuid,
      event_type text not null,
      path text,
      created_at timestamptz not null default now()
    )`;
}
