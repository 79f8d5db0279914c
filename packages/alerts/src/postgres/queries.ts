import type { Alert } from '../alert.ts';
import type { Silence } from '../silence.ts';
import type { HistoryQuery, StoredDocument, WaitingMessage } from '../store.ts';
import type { Connected } from './connected.ts';
import { inMs, momentOf } from './statement.ts';
import { asciiJson, storedName } from './stored-text.ts';
import { type DocumentRow, documentOf, type MessageBody } from './tick.ts';

type WaitingRow = readonly [body: MessageBody, attempt: number, createdAtMs: number];

/** Without the one that is being sent. */
export async function waiting(
  to: Connected,
  channel: string,
  limitCount: number,
): Promise<readonly WaitingMessage[]> {
  const { tables } = to;
  const { rows } = await to.ask<{ readonly rows: readonly WaitingRow[] }>(
    `
select json_build_object('rows', coalesce(json_agg(json_build_array(body, attempt, created)), '[]'))::text
  as answer
from (
  select m.body, m.attempt, ${inMs('m.created_at')} as created
  from ${tables.messages} as m
  where m.scope = $1
    and m.channel = $2
    and not exists (
      select
      from ${tables.channels} as c
      where c.scope = $1
        and c.channel = $2
        and c.lease is not null
        and c.leased_until > clock_timestamp()
        and c.leased_group = m.group_key
        and m.seq <= c.leased_seq
    )
  order by m.seq
  limit $3::integer
) as waiting`,
    [to.scope, storedName(channel), limitCount],
  );
  return rows.map(([{ id, group, kind, text, alertIds }, attempt, createdAtMs]) => ({
    id,
    group,
    kind,
    text,
    alertIds,
    attempt,
    createdAtMs: Math.ceil(createdAtMs),
  }));
}

/** By key. */
export async function list(
  to: Connected,
  prefix: string,
  limitCount: number,
): Promise<readonly StoredDocument[]> {
  const { rows } = await to.ask<{ readonly rows: readonly DocumentRow[] }>(
    `
select json_build_object('rows', coalesce(json_agg(json_build_array(key, version, life, due, value)), '[]'))::text
  as answer
from (
  select coalesce(d.full_key, d.key) as key, d.version, d.life, ${inMs('d.due_at')} as due, d.value
  from ${to.tables.documents} as d
  where d.scope = $1 and starts_with(d.key, $2) and d.version > 0
  order by d.key
  limit $3::integer
) as listed`,
    [to.scope, storedName(prefix), limitCount],
  );
  return rows.map((row) => documentOf(to, row));
}

/** One that is there already is replaced. */
export async function addSilence(to: Connected, silence: Silence): Promise<void> {
  await to.ask(
    `
with added as (
  insert into ${to.tables.silences} (scope, id, ends_at, body)
  values ($1, $2, ${momentOf('$3::double precision')}, $4::json)
  on conflict (scope, id) do update
  set ends_at = excluded.ends_at, body = excluded.body
)
select json_build_object('now', ${inMs('clock_timestamp()')})::text as answer`,
    [to.scope, storedName(silence.id), Date.parse(silence.endsAt), asciiJson(silence)],
  );
}

/** False when there is none, or it has ended. */
export async function endSilence(to: Connected, id: string): Promise<boolean> {
  const { count } = await to.ask<{ readonly count: number }>(
    `
with ended as (
  update ${to.tables.silences}
  set ends_at = clock_timestamp()
  where scope = $1 and id = $2 and ends_at > clock_timestamp()
  returning id
)
select json_build_object('count', (select count(*) from ended))::text as answer`,
    [to.scope, storedName(id)],
  );
  return count > 0;
}

/** Newest first. */
export async function history(to: Connected, query: HistoryQuery): Promise<readonly Alert[]> {
  const { sinceMs, untilMs, rule, id, limitCount } = query;
  const { rows } = await to.ask<{ readonly rows: readonly Alert[] }>(
    `
select json_build_object('rows', coalesce(json_agg(body), '[]'))::text as answer
from (
  select h.body
  from ${to.tables.history} as h
  where h.scope = $1
    and (h.ended_at is null or h.ended_at > ${momentOf('$2::double precision')})
    and ($3::double precision is null or h.started_at <= ${momentOf('$3::double precision')})
    and ($4::text is null or h.rule = $4)
    and ($5::text is null or h.id = $5)
  order by h.started_at desc, h.id desc
  limit $6::integer
) as found`,
    [
      to.scope,
      Math.max(0, sinceMs),
      untilMs ?? null,
      rule === undefined ? null : storedName(rule),
      id === undefined ? null : storedName(id),
      limitCount,
    ],
  );
  return rows;
}
