import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names that all contestants take: consecutive numbers from 1, no two names alike. */
function fileName(number: number): string {
  return `${String(number).padStart(4, '0')}_step_${number}.sql`;
}

export async function writeFolder(folder: string, texts: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [at, text] of texts.entries()) {
    await writeFile(join(folder, fileName(at + 1)), text);
  }
  return folder;
}

/** Small steps as applications have them: a table, then a column, an index and a row. */
export function smallTexts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const name = `item_${Math.floor(at / 4)}`;
    const steps = [
      `create table ${name} (\n  id bigint generated always as identity primary key,\n  title text not null,\n  created_at timestamptz not null default now()\n);\n`,
      `alter table ${name} add column note text;\n`,
      `create index ${name}_created_at on ${name} (created_at);\n`,
      `insert into ${name} (title) values ('first');\n`,
    ];
    return `-- Step ${at + 1}\n${steps[at % 4]}`;
  });
}

/** Files as long as real ones: tables with keys, policies, functions and triggers, later changes. */
export function lintTexts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => (at % 4 === 3 ? change(at) : creation(at)));
}

function creation(at: number): string {
  const parent = at >= 4 ? `  parent_id bigint references app_${at - 4 - (at % 4)} (id),\n` : '';
  const name = `app_${at}`;
  return `-- The table ${name}, its rights and what keeps it current.
create table ${name} (
  id bigint generated always as identity primary key,
${parent}  owner_id uuid not null,
  title text not null check (length(title) <= 200),
  state text not null default 'draft',
  amount numeric(12, 2),
  data jsonb not null default '{}'::jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index ${name}_owner on ${name} (owner_id, created_at desc);
create index ${name}_open on ${name} (state) where state <> 'done';

alter table ${name} enable row level security;
create policy ${name}_read on ${name} for select
  using (owner_id = current_setting('app.user', true)::uuid);
create policy ${name}_write on ${name} for update
  using (owner_id = current_setting('app.user', true)::uuid)
  with check (state in ('draft', 'open'));

create function ${name}_touch() returns trigger
language plpgsql
as $$
begin
  -- Only when something has changed; nothing else is looked at.
  if new is distinct from old then
    new.updated_at := now();
  end if;
  return new;
end
$$;

create trigger ${name}_touch before update on ${name}
  for each row execute function ${name}_touch();

comment on table ${name} is 'What belongs to part ${at}; it''s kept for a year';
insert into ${name} (owner_id, title) values (gen_random_uuid(), 'first; and "only"');
`;
}

function change(at: number): string {
  const name = `app_${at - 3}`;
  return `-- Changes on a table that has rows.
alter table ${name} add column rank integer not null default 0;
alter table ${name} alter column amount type numeric(14, 2);
alter table ${name} add constraint ${name}_rank check (rank >= 0);
create index ${name}_rank on ${name} (rank);
create unique index concurrently ${name}_title on ${name} (owner_id, title);
update ${name} set state = 'open' where state = 'draft';
create view ${name}_titles as
  select t.id, t.title, count(*) over (partition by t.owner_id) as of_owner
  from ${name} t
  where t.state <> 'done';
`;
}
