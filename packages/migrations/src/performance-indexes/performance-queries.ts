import type { AdviceQuery } from '../advise/advisable.ts';

const EXECUTIONS_BY_STATUS = `
      select status, count(*), avg(duration_ms)
      from {{schema}}.workflow_executions
      where user_id = $1 and started_at >= now() - interval '30 days'
      group by status`;

/** The first of the most common values. */
const BUSIEST = '(s.most_common_vals::text::text[])[1]';
/** One in the middle of those that are not common, or where all of them are, the least common. */
const ORDINARY = `coalesce(
            (s.histogram_bounds::text::text[])[cardinality(s.histogram_bounds::text::text[]) / 2],
            (s.most_common_vals::text::text[])[cardinality(s.most_common_vals::text::text[])]
          )`;

/**
 * What endpoints of such a service ask, one query or more for each of {@link performanceIndexes}. Those
 * about one user are about the one with the most rows according to the statistics, which is the
 * slowest page. For such a user another index may serve as well, so the executions are also asked for
 * an ordinary one. Without statistics it is any user.
 *
 * `{{schema}}` stands for the quoted schema.
 */
export const performanceQueries: readonly AdviceQuery[] = [
  {
    name: "the busiest user's executions by status, 30 days",
    text: EXECUTIONS_BY_STATUS,
    valuesFrom: userOf('workflow_executions', BUSIEST),
  },
  {
    name: "an ordinary user's executions by status, 30 days",
    text: EXECUTIONS_BY_STATUS,
    valuesFrom: userOf('workflow_executions', ORDINARY),
  },
  {
    name: 'failures of the last hour',
    text: `
      select count(*)
      from {{schema}}.workflow_executions
      where status = 'failed' and started_at >= now() - interval '1 hour'`,
  },
  {
    name: "the busiest user's latest 50 events",
    text: `
      select id, event_type, path, created_at
      from {{schema}}.app_events
      where user_id = $1
      order by created_at desc
      limit 50`,
    valuesFrom: userOf('app_events', BUSIEST),
  },
  {
    name: 'users with an error event, 7 days',
    text: `
      select count(distinct user_id)
      from {{schema}}.app_events
      where event_type = 'error' and created_at >= now() - interval '7 days'`,
  },
  {
    name: "the busiest user's connected integrations",
    text: `
      select id, provider, connected_at
      from {{schema}}.integrations
      where user_id = $1 and status = 'connected'`,
    valuesFrom: userOf('integrations', BUSIEST),
  },
  {
    name: "the busiest user's enabled workflows",
    text: `
      select id, name, updated_at
      from {{schema}}.workflows
      where user_id = $1 and enabled = true`,
    valuesFrom: userOf('workflows', BUSIEST),
  },
  {
    name: 'profiles by plan',
    text: `
      select plan_name, count(*)
      from {{schema}}.profiles
      where plan_name is not null
      group by plan_name`,
  },
  {
    name: 'trials begun in the last 14 days',
    text: `
      select id, email, trial_start_date
      from {{schema}}.profiles
      where trial_start_date >= current_date - 14`,
  },
];

/** From the statistics, because counting would read the whole table. No row for an empty table. */
function userOf(table: string, choice: string): string {
  return `
      select coalesce(
        (
          select ${choice}
          from pg_stats s
          join pg_namespace n on n.nspname = s.schemaname
          join pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
          where c.oid = sample.tableoid and s.attname = 'user_id'
          limit 1
        ),
        sample.user_id::text
      ) as user_id
      from (
        select tableoid, user_id
        from {{schema}}.${table}
        where user_id is not null
        limit 1
      ) sample`;
}
