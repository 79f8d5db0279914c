import type { AdvisablePack } from '../advise/advisable.ts';
import type { PackMigration } from '../sources/source.ts';
import { performanceQueries } from './performance-queries.ts';

/**
 * Eight indexes for the tables of a workflow service: executions, profiles, integrations, workflows
 * and events. Give it to `pack(performanceIndexes)`, or `pack(performanceIndexes, { schema: 'app' })`
 * when the tables are not in `public`.
 *
 * Each is a migration of its own, built concurrently: the table stays readable and writable, a build
 * that was interrupted is found and repeated. One whose table or columns are missing waits, without
 * being pending, for the `up` that finds or makes them.
 *
 * An index of the same name is compared with the one wanted here: the same counts as done, another
 * one is an error. An index with the same definition and another name is not looked for, so that the
 * schema does not depend on what was there first; the second one costs space and writes for nothing.
 * `advise` names it.
 *
 * What each buys depends on the data. Measure it with `advise` from `@ops/migrations/advise`, to which
 * this pack brings its queries.
 */
export const performanceIndexes: AdvisablePack & {
  readonly schema: string;
  readonly migrations: readonly PackMigration[];
} = {
  name: 'performance-indexes',
  schema: 'public',
  migrations: [
    // A migration that has been applied anywhere is never edited; a change is a new version.
    index('1', {
      name: 'idx_workflow_executions_started_at',
      table: 'workflow_executions',
      keys: ['started_at desc'],
    }),
    index('2', {
      name: 'idx_workflow_executions_user_started',
      table: 'workflow_executions',
      keys: ['user_id', 'started_at desc'],
    }),
    index('3', {
      name: 'idx_profiles_trial_start_date',
      table: 'profiles',
      keys: ['trial_start_date'],
      where: 'trial_start_date is not null',
    }),
    index('4', {
      name: 'idx_profiles_plan_name',
      table: 'profiles',
      keys: ['plan_name'],
      where: 'plan_name is not null',
    }),
    index('5', {
      name: 'idx_integrations_user_status',
      table: 'integrations',
      keys: ['user_id', 'status'],
      where: "status = 'connected'",
    }),
    index('6', {
      name: 'idx_workflows_user_enabled',
      table: 'workflows',
      keys: ['user_id', 'enabled'],
      where: 'enabled = true',
    }),
    index('7', {
      name: 'idx_app_events_user_timestamp',
      table: 'app_events',
      keys: ['user_id', 'created_at desc'],
    }),
    index('8', {
      name: 'idx_app_events_type_timestamp',
      table: 'app_events',
      keys: ['event_type', 'created_at desc'],
    }),
  ],
  queries: performanceQueries,
};

interface IndexSpec {
  readonly name: string;
  readonly table: string;
  /** Columns, with their direction where it is not ascending. */
  readonly keys: readonly string[];
  readonly where?: string;
}

/** No `if not exists`: with it, another index of that name would be taken for this one. */
function index(version: string, { name, table, keys, where }: IndexSpec): PackMigration {
  const condition = where === undefined ? '' : `\n  where ${where}`;
  return {
    version,
    name: name.replace(/^idx_/, ''),
    sql: `create index concurrently ${name}\n  on {{schema}}.${table} (${keys.join(', ')})${condition};\n`,
    down: `drop index concurrently if exists {{schema}}.${name};\n`,
    when: { table, columns: keys.map((key) => key.replace(/ desc$/, '')) },
  };
}
