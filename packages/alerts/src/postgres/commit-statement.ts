import { channelsLocked, messagesChanged, refusedByChannels } from './commit-messages.ts';
import { inMs, limits, momentOf } from './statement.ts';
import type { TableNames } from './tables.ts';

/**
 * Holds a place (version 0) for each document that is to be made, so that the commit itself finds a
 * row to lock and compare: an insert that loses against another would be known too late to leave the
 * rest of its unit alone. A place that stays empty is no document. $1 scope, $2 documents (JSON),
 * $3 milliseconds. In the order of keys, as all that waits for others does.
 */
export function placesStatement(tables: TableNames): string {
  return `
with
  ${limits(3)},
  placed as (
    insert into ${tables.documents} (scope, key, full_key)
    select $1, p.key, p.full_key
    from json_to_recordset($2::json) as p (key text, full_key text)
    where (select is_set from limits)
    order by p.key collate "C"
    on conflict (scope, key) do nothing
  )
select json_build_object('now', ${inMs('clock_timestamp()')})::text as answer`;
}

/** What a commit with nothing but documents leaves out. */
export interface CommitParts {
  readonly hasMessages: boolean;
  readonly hasAlerts: boolean;
  readonly hasSettlements: boolean;
}

/**
 * Units that share no document, channel or alert. $1 scope, $2 documents, $3 milliseconds,
 * $4 messages, $5 alerts, $6 settlements (all JSON), $7 the messages' table, $8 a deadline in
 * milliseconds since 1970, null for none.
 *
 * 1. `stale`: units that the snapshot refuses. They lock and write nothing: a lost race costs no WAL.
 * 2. `locked`, then `on_channels`: rows of the others, locked in the order of their keys, documents
 *    before channels, so no two commits wait for each other. What they give is not the snapshot's but
 *    the latest, since a row that was waited for is read anew.
 * 3. `refused`: units of which anything differs from what it was read as; all of them when the deadline
 *    has passed, since whoever sent it has long given up (it waited for a lock on a table, say) and
 *    may take it that it was never applied. The rest is applied.
 */
export function commitStatement(tables: TableNames, parts: CommitParts): string {
  const withChannels = parts.hasMessages || parts.hasSettlements;
  return `
with
  ${limits(3)},
${inputs()}
${documentsLocked(tables)}${withChannels ? channelsLocked(tables) : ''}
  refused as materialized (
    select unit from stale
    union
    select c.unit
    from change as c
    left join locked as l on l.key = c.key
    where l.version is distinct from c.version or l.life <> c.life${
      withChannels ? refusedByChannels() : ''
    }
    union
    select late.unit
    from (
      select unit from change
      union all
      select unit from message
      union all
      select unit from alert
      union all
      select unit from settling
    ) as late
    -- Asked after all locks are had.
    where clock_timestamp() > ${momentOf('$8::double precision')}
      and (select count(*) from locked) >= 0
  ),
${documentsChanged(tables)}${parts.hasAlerts ? alertsWritten(tables) : ''}${
  withChannels ? messagesChanged(tables) : ''
}
select json_build_object(
  'now', ${inMs('clock_timestamp()')},
  'refused', coalesce((select json_agg(unit) from refused), '[]'),
  'made', coalesce(
    (select json_agg(json_build_array(key, life)) from updated where version = 1),
    '[]'
  )
)::text as answer`;
}

function inputs(): string {
  return `  change as materialized (
    select *
    from json_to_recordset($2::json) as c (
      unit integer, key text, full_key text, version bigint, life bigint,
      value text, due_ms double precision, due_minute integer
    )
  ),
  message as materialized (
    select *
    from json_to_recordset($4::json) as m (
      unit integer, place integer, id text, channel text, group_key text, is_first boolean,
      body text, payload text, catch_up text, expires_ms double precision, replaces json
    )
  ),
  settling as materialized (
    select *
    from json_to_recordset($6::json) as s (
      unit integer, channel text, lease text, outcome text, receipt text, error text,
      delay_ms double precision, pause_ms double precision, ids json
    )
  ),
  alert as materialized (
    select *
    from json_to_recordset($5::json) as a (
      unit integer, id text, rule text, severity smallint,
      started_ms double precision, ended_ms double precision, body text
    )
  ),
  -- A parameter that a shorter form of this statement does not use must be named all the same.
  naming as materialized (
    select $7::text as messages
  ),`;
}

function documentsLocked(tables: TableNames): string {
  return `  stale as materialized (
    select c.unit
    from change as c
    left join ${tables.documents} as d on d.scope = $1 and d.key = c.key
    where d.version is distinct from c.version or d.life <> c.life
    union
    select s.unit
    from settling as s
    left join ${tables.channels} as c on c.scope = $1 and c.channel = s.channel
    where c.lease is distinct from s.lease
  ),
  locked as materialized (
    select d.key, d.version, d.life
    from ${tables.documents} as d
    where d.scope = $1
      and d.key = any (
        array(select c.key from change as c where c.unit not in (select unit from stale))
      )
      and (select is_set from limits)
    order by d.key
    for update
  ),`;
}

function documentsChanged(tables: TableNames): string {
  return `  updated as (
    update ${tables.documents} as d
    set version = d.version + 1,
      value = c.value::json,
      due_at = ${momentOf('c.due_ms')},
      due_minute = c.due_minute
    from change as c
    where d.scope = $1
      and d.key = c.key
      and c.value is not null
      and c.unit not in (select unit from refused)
    returning d.key, d.life, d.version
  ),
  removed as (
    delete from ${tables.documents} as d
    using change as c
    where d.scope = $1
      and d.key = c.key
      and c.value is null
      and c.unit not in (select unit from refused)
  )`;
}

function alertsWritten(tables: TableNames): string {
  return `,
  written as (
    insert into ${tables.history} (scope, id, rule, severity, started_at, ended_at, body)
    select $1, a.id, a.rule, a.severity, ${momentOf('a.started_ms')}, ${momentOf('a.ended_ms')},
      a.body::json
    from alert as a
    where a.unit not in (select unit from refused)
    order by a.id collate "C"
    on conflict (scope, id) do update
    set severity = excluded.severity,
      started_at = excluded.started_at,
      ended_at = excluded.ended_at,
      body = excluded.body
  )`;
}
