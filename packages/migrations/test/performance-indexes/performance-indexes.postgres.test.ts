import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { advise, measure } from '../../src/advise/index.ts';
import { createMigrator, type Migrator, pack } from '../../src/index.ts';
import { performanceIndexes, performanceQueries } from '../../src/performance-indexes/index.ts';
import { tables } from './tables.ts';

const db = useDatabase();

function migrator(schema: string = db.schema): Migrator {
  return createMigrator({
    connection: db.pool(),
    sources: [pack(performanceIndexes, { schema })],
    history: { schema: db.schema },
  });
}

/** Without the schema's name, and without primary keys. */
async function definitions(schema: string = db.schema): Promise<string[]> {
  const { rows } = await db.pool().query(
    `select regexp_replace(indexdef, '^CREATE INDEX (\\S+) ON \\S+\\.(\\S+) USING btree ', '\\1 \\2 ') as text
    from pg_indexes
    where schemaname = $1 and indexname like 'idx%'
    order by indexname`,
    [schema],
  );
  return rows.map((row: { text: string }) => row.text);
}

const ALL_EIGHT = [
  'idx_app_events_type_timestamp app_events (event_type, created_at DESC)',
  'idx_app_events_user_timestamp app_events (user_id, created_at DESC)',
  "idx_integrations_user_status integrations (user_id, status) WHERE (status = 'connected'::text)",
  'idx_profiles_plan_name profiles (plan_name) WHERE (plan_name IS NOT NULL)',
  'idx_profiles_trial_start_date profiles (trial_start_date) WHERE (trial_start_date IS NOT NULL)',
  'idx_workflow_executions_started_at workflow_executions (started_at DESC)',
  'idx_workflow_executions_user_started workflow_executions (user_id, started_at DESC)',
  'idx_workflows_user_enabled workflows (user_id, enabled) WHERE (enabled = true)',
];

test('builds the eight, and then has nothing to do', async () => {
  await db.pool().query(tables(db.schema));
  const first = await migrator().up();
  expect(first.applied).toHaveLength(8);
  expect(await definitions()).toEqual(ALL_EIGHT);
  expect((await migrator().up()).applied).toEqual([]);
});

test('takes them back one by one', async () => {
  await db.pool().query(tables(db.schema));
  await migrator().up();
  await migrator().down({ steps: 3, pack: performanceIndexes.name });
  expect(await definitions()).toHaveLength(5);
  await migrator().down({ steps: 5, pack: performanceIndexes.name });
  expect(await definitions()).toEqual([]);
});

test('in another schema, whatever its name is', async () => {
  const schema = `${db.schema} App`;
  await db.pool().query(`create schema "${schema}"; ${tables(`"${schema}"`)}`);
  try {
    await migrator(schema).up();
    expect(await definitions(schema)).toHaveLength(8);
    expect(await definitions()).toEqual([]);
  } finally {
    await db.pool().query(`drop schema "${schema}" cascade`);
  }
});

test('waits for tables and columns that are not there, and builds theirs once they are', async () => {
  await db.pool().query(tables(db.schema));
  await db.pool().query('drop table app_events; alter table profiles drop column plan_name');
  expect((await migrator().up()).applied).toHaveLength(5);
  await migrator().assertCurrent();
  const { pending } = await migrator().status();
  expect(pending).toEqual([]);
  await db.pool().query(`
    alter table profiles add column plan_name text;
    create table app_events (user_id uuid, event_type text, created_at timestamptz)`);
  expect((await migrator().up()).applied).toHaveLength(3);
  expect(await definitions()).toEqual(ALL_EIGHT);
});

describe('indexes that are there before', () => {
  test('the same under the same name counts as done', async () => {
    await db.pool().query(tables(db.schema));
    await db
      .pool()
      .query(
        'create index idx_profiles_plan_name on profiles (plan_name) where plan_name is not null',
      );
    expect((await migrator().up()).applied).toHaveLength(8);
    expect(await definitions()).toEqual(ALL_EIGHT);
  });

  test('another one under the same name is an error, and nothing is built in its place', async () => {
    await db.pool().query(tables(db.schema));
    await db.pool().query('create index idx_profiles_plan_name on profiles (plan_name, email)');
    await expect(migrator().up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_INDEX_CONFLICT',
    });
  });

  test('the same under another name is built once more, and advise names the double', async () => {
    await db.pool().query(tables(db.schema));
    await db.pool().query('create index mine on workflow_executions (started_at desc)');
    await migrator().up();
    expect(await definitions()).toEqual(ALL_EIGHT);
    const report = await advise(db.pool(), { indexes: performanceIndexes, schema: db.schema });
    const [first] = report.indexes;
    expect(first).toMatchObject({
      name: 'idx_workflow_executions_started_at',
      verdict: 'redundant',
      redundantWith: 'mine',
    });
  });
});

describe('its queries', () => {
  test('can all be measured as soon as there are rows, and every index has one that it is for', async () => {
    await db.pool().query(tables(db.schema));
    await db.pool().query(SOME_ROWS);
    const report = await advise(db.pool(), {
      indexes: performanceIndexes,
      schema: db.schema,
      method: 'build',
      runs: 1,
    });
    expect(report.queries.filter(({ trouble }) => trouble !== undefined)).toEqual([]);
    expect(report.queries.filter(({ after }) => after === undefined)).toEqual([]);
    const unused = report.indexes.filter(({ usedBy }) => usedBy.length === 0);
    expect(unused).toEqual([]);
  });

  test('those on missing tables say so, and the indexes there are not applicable', async () => {
    const report = await advise(db.pool(), { indexes: performanceIndexes, schema: db.schema });
    expect(report.indexes.map(({ verdict }) => verdict)).toEqual(
      Array.from({ length: 8 }, () => 'not-applicable'),
    );
    expect(report.queries.map(({ trouble }) => trouble?.sqlstate)).toEqual(
      performanceQueries.map(() => '42P01'),
    );
  });

  test('about one user are about the busiest one', async () => {
    await db.pool().query(tables(db.schema));
    await db.pool().query(SOME_ROWS);
    const { queries } = await measure(db.pool(), {
      indexes: performanceIndexes,
      schema: db.schema,
      runs: 1,
    });
    expect(queries[0]?.values).toEqual(['00000000-0000-0000-0000-000000000001']);
  });
});

/** 200 users, of whom the first has a tenth of everything, over 55 days. */
const SOME_ROWS = `
  create function pg_temp.someone(g int) returns uuid language sql as
    $$ select lpad((case when g % 10 = 0 then 1 else g % 199 + 2 end)::text, 32, '0')::uuid $$;
  insert into profiles (email, plan_name, trial_start_date)
    select g, case when g % 50 = 0 then 'pro' end,
      case when g % 20 = 0 then current_date - g % 700 end
    from generate_series(1, 10000) g;
  insert into integrations (user_id, provider, status)
    select pg_temp.someone(g), 'shopify', case when g % 3 = 0 then 'connected' else 'off' end
    from generate_series(1, 10000) g;
  insert into workflows (user_id, name, enabled)
    select pg_temp.someone(g), g, g % 2 = 0 from generate_series(1, 10000) g;
  insert into workflow_executions (workflow_id, user_id, status, started_at, duration_ms)
    select gen_random_uuid(), pg_temp.someone(g), case when g % 15 = 0 then 'failed' else 'completed' end,
      now() - g * interval '4 minutes', 5
    from generate_series(1, 20000) g;
  insert into app_events (user_id, event_type, created_at)
    select pg_temp.someone(g), case when g % 20 = 0 then 'error' else 'page_view' end,
      now() - g * interval '4 minutes'
    from generate_series(1, 20000) g;
  analyze profiles, integrations, workflows, workflow_executions, app_events`;
