import { momentOf } from './statement.ts';
import type { TableNames } from './tables.ts';

// What a commit says of channels and messages, where it has to do with any.

/** Channels of which messages are settled or replaced; those to which some are added need no lock. */
export function channelsLocked(tables: TableNames): string {
  return `
  on_channels as materialized (
    select c.channel, c.lease, c.leased_until, c.leased_group, c.leased_seq
    from ${tables.channels} as c
    where c.scope = $1
      and c.channel = any (
        array(
          select s.channel from settling as s where s.unit not in (select unit from stale)
          union
          select m.channel
          from message as m
          where m.replaces is not null and m.unit not in (select unit from stale)
        )
      )
      -- Read, so that the documents are locked before.
      and (select count(*) from locked) >= 0
    order by c.channel
    for update
  ),
  replaced as materialized (
    select m.unit, m.place, r.id, r.seq, r.channel, r.group_key
    from message as m
    cross join lateral json_array_elements_text(m.replaces) as named (id)
    join ${tables.messages} as r
      on r.scope = $1 and r.id = named.id and r.channel = m.channel
  ),`;
}

/** Units whose lease has passed to another, or that replace what another sends. */
export function refusedByChannels(): string {
  return `
    union
    select s.unit
    from settling as s
    left join on_channels as c on c.channel = s.channel
    where c.lease is distinct from s.lease
    union
    -- Being sent at this moment, and not by whoever would replace it.
    select r.unit
    from replaced as r
    join on_channels as c on c.channel = r.channel
    where c.lease is not null
      and c.leased_until > clock_timestamp()
      and r.group_key = c.leased_group
      and r.seq <= c.leased_seq
      and not exists (
        select from settling as s where s.unit = r.unit and s.lease = c.lease
      )`;
}

/** Of the units that are not refused. */
export function messagesChanged(tables: TableNames): string {
  return `,
${messagesStored(tables)},
${messagesSettled(tables)},
${channelsFreed(tables)}`;
}

function messagesStored(tables: TableNames): string {
  return `  opened as (
    insert into ${tables.channels} (scope, channel)
    select distinct $1, m.channel
    from message as m
    where m.unit not in (select unit from refused)
      and not exists (
        select from ${tables.channels} as c where c.scope = $1 and c.channel = m.channel
      )
    order by m.channel
    on conflict (scope, channel) do nothing
  ),
  stored as (
    insert into ${tables.messages} (
      scope, seq, id, channel, group_key, is_first, body, payload, catch_up,
      created_at, next_at, expires_at
    )
    select $1,
      coalesce(
        m.first_seq,
        nextval(pg_get_serial_sequence((select messages from naming), 'seq'))
      ),
      m.id, m.channel, m.group_key, m.is_first, m.body::json, m.payload::json,
      m.catch_up::json,
      clock_timestamp(), clock_timestamp(), ${momentOf('m.expires_ms')}
    from (
      select m.*, (select min(r.seq) from replaced as r where r.place = m.place) as first_seq
      from message as m
      where m.unit not in (select unit from refused)
      order by m.place
    ) as m
    on conflict (scope, id) do nothing
  )`;
}

function messagesSettled(tables: TableNames): string {
  return `  settled as materialized (
    select s.channel, s.outcome, s.receipt, s.error, s.delay_ms, m.id, m.group_key, m.is_first
    from settling as s
    cross join lateral json_array_elements_text(s.ids) as named (id)
    join ${tables.messages} as m
      on m.scope = $1 and m.id = named.id and m.channel = s.channel
    where s.unit not in (select unit from refused)
  ),
  gone as materialized (
    select id from settled where outcome <> 'retry'
    union
    select id from replaced where unit not in (select unit from refused)
  ),
  deleted as (
    delete from ${tables.messages} as m
    where m.scope = $1 and m.id = any (array(select id from gone))
  ),
  delayed as (
    update ${tables.messages} as m
    set next_at = clock_timestamp() + s.delay_ms * interval '1 millisecond',
      last_error = s.error
    from settled as s
    where m.scope = $1
      and m.id = s.id
      and s.outcome = 'retry'
      and m.id not in (select id from gone)
  ),
  promoted as (
    update ${tables.messages} as m
    set is_first = true
    from (
      select distinct on (w.channel, w.group_key) w.id
      from settled as s
      join ${tables.messages} as w
        on w.scope = $1 and w.channel = s.channel and w.group_key = s.group_key
      where s.outcome = 'failed' and s.is_first and w.id not in (select id from gone)
      order by w.channel, w.group_key, w.seq
    ) as next
    where m.scope = $1 and m.id = next.id and not m.is_first
  )`;
}

function channelsFreed(tables: TableNames): string {
  return `  remembered as (
    insert into ${tables.deliveries} (scope, channel, group_key, receipt, delivered_at)
    select $1, s.channel, c.leased_group, s.receipt::json, clock_timestamp()
    from settling as s
    join on_channels as c on c.channel = s.channel
    where s.outcome = 'delivered'
      and s.receipt is not null
      and s.unit not in (select unit from refused)
    on conflict (scope, channel, group_key) do update
    set receipt = excluded.receipt, delivered_at = excluded.delivered_at
  ),
  freed as (
    update ${tables.channels} as c
    set turn = c.turn + 1,
      lease = case when s.lease is null then c.lease end,
      -- What was sent arrived by now at the latest: the next must not follow it too soon.
      rate_at = case
        when s.lease is null then c.rate_at
        else greatest(c.rate_at, clock_timestamp() + c.rate_interval_ms * interval '1 millisecond')
      end,
      paused_until = case
        when s.pause_ms > 0
          then greatest(c.paused_until, clock_timestamp() + s.pause_ms * interval '1 millisecond')
        else c.paused_until
      end
    from (
      select channel from settling where unit not in (select unit from refused)
      union
      select channel from message
      where replaces is not null and unit not in (select unit from refused)
    ) as touched
    left join settling as s
      on s.channel = touched.channel and s.unit not in (select unit from refused)
    where c.scope = $1 and c.channel = touched.channel
  )`;
}
