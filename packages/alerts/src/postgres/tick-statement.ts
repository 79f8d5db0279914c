import { inMs } from './statement.ts';
import type { TableNames } from './tables.ts';

/**
 * Reads alone: no lock, nothing written. $1 scope, $2 keys (JSON), $3 how many due ones.
 *
 * @param claiming what {@link claimParts} gives, if anything is to be claimed.
 */
export function tickStatement(
  tables: TableNames,
  claiming: { readonly ctes: string; readonly claims: string; readonly claimableAt: string },
): string {
  return `
with
  clock as materialized (
    select clock_timestamp() as now
  ),
  due as materialized (
    select d.key
    from ${tables.documents} as d
    where d.scope = $1
      and d.due_minute <= (select floor(extract(epoch from now) / 60)::integer from clock)
      and d.due_at <= (select now from clock)
      and d.version > 0
    order by d.due_at
    limit $3::integer
  ),
  picked as materialized (
    select d.key as stored, coalesce(d.full_key, d.key) as key, d.version, d.life, d.value, d.due_at
    from ${tables.documents} as d
    where d.scope = $1
      and d.version > 0
      and d.key = any (
        array(
          select key from due
          union
          select key from json_array_elements_text($2::json) as asked (key)
        )
      )
  )${claiming.ctes}
select json_build_object(
  'now', (select ${inMs('now')} from clock),
  'documents', coalesce(
    (select json_agg(json_build_array(key, version, life, ${inMs('due_at')}, value)) from picked),
    '[]'
  ),
  'silences', coalesce(
    (
      select json_agg(json_build_array(s.body, ${inMs('s.ends_at')}) order by s.ends_at, s.id)
      from ${tables.silences} as s
      where s.scope = $1 and s.ends_at > (select now from clock)
    ),
    '[]'
  ),
  'alerts', coalesce(
    (
      select json_agg(body)
      from (
        select h.body
        from ${tables.history} as h
        where h.scope = $1 and h.ended_at is null
        order by h.severity desc, h.started_at
        limit 1000
      ) as active
    ),
    '[]'
  ),
  'nextDue', (
    select ${inMs('d.due_at')}
    from ${tables.documents} as d
    where d.scope = $1
      and d.due_minute is not null
      and d.version > 0
      and d.key not in (select stored from picked)
    order by d.due_minute, d.due_at
    limit 1
  ),
  'claimableAt', ${claiming.claimableAt},
  'claims', ${claiming.claims}
)::text as answer`;
}
