import { inMs } from './statement.ts';
import type { TableNames } from './tables.ts';

const MS = `interval '1 millisecond'`;

/** The oldest message of each group of a channel: it decides for the group. */
function heads(tables: TableNames, channel: string): string {
  return `(
      select distinct on (m.group_key) m.group_key, m.seq, m.is_first, m.next_at
      from ${tables.messages} as m
      where m.scope = $1 and m.channel = ${channel}
      order by m.group_key, m.seq
    )`;
}

/**
 * What a tick says besides reading when messages are to be claimed. $4 asked (JSON).
 *
 * `seen` is of the statement's snapshot, and finds nothing where nothing can be claimed: then no row is
 * locked and nothing is written. `held` locks the rows of channels without waiting, and takes none
 * whose `turn` is not the snapshot's any more: whoever claimed or settled in between has changed
 * messages that the snapshot still shows. So, with the row locked, the snapshot's messages are those
 * of now, except for some that were added.
 *
 * The rate is a token bucket kept as one time (GCRA): `rate_at` is when a bucket that is full again
 * would be. It is cut to what a full emptying could have made it, lest a server whose clock was an
 * hour ahead stops the channel for an hour.
 */
export function claimParts(tables: TableNames): {
  readonly ctes: string;
  readonly claims: string;
  readonly claimableAt: string;
} {
  return {
    ctes: `,
${claimable(tables)},
${chosen(tables)},
${leased(tables)}`,
    claims: claimed(tables),
    claimableAt: `(
    select ${inMs('min(s.claimable_at)')} from seen as s where s.claimable_at > (select now from clock)
  )`,
  };
}

/** Channels of which a message may go. */
function claimable(tables: TableNames): string {
  return `  wanted as materialized (
    select *
    from json_to_recordset($4::json) as w (
      channel text, interval_ms double precision, burst double precision,
      lease_ms double precision, lease text
    )
  ),
  seen as materialized (
    select w.*, c.turn, waiting.count as pending_count,
      greatest(
        waiting.ready_at,
        case when c.lease is not null then c.leased_until end,
        c.paused_until,
        case
          when w.interval_ms > 0 and c.rate_at is not null
            then least(c.rate_at, clock.now + w.burst * w.interval_ms * ${MS})
              - (w.burst - 1) * w.interval_ms * ${MS}
        end
      ) as claimable_at
    from wanted as w
    cross join clock
    join ${tables.channels} as c on c.scope = $1 and c.channel = w.channel
    cross join lateral (
      select
        (select min(head.next_at) from ${heads(tables, 'w.channel')} as head) as ready_at,
        (
          select count(*)
          from ${tables.messages} as m
          where m.scope = $1 and m.channel = w.channel
        ) as count
    ) as waiting
    where waiting.ready_at is not null
  ),
  held as materialized (
    select s.*
    from seen as s
    join ${tables.channels} as c on c.scope = $1 and c.channel = s.channel and c.turn = s.turn
    where s.claimable_at <= (select now from clock)
    for update of c skip locked
  )`;
}

/** Whose turn it is in each, and what is sent. */
function chosen(tables: TableNames): string {
  return `  turns as materialized (
    select h.*, head.group_key, head.seq as first_seq, head.is_first
    from held as h
    cross join lateral (
      select ready.*
      from ${heads(tables, 'h.channel')} as ready
      where ready.next_at <= (select now from clock)
      order by ready.seq
      limit 1
    ) as head
  ),
  members as materialized (
    select m.*
    from turns as t
    join ${tables.messages} as m
      on m.scope = $1
      and m.channel = t.channel
      and m.group_key = t.group_key
      and (t.is_first or m.seq = t.first_seq)
  ),
  newest as materialized (
    select distinct on (m.channel) m.channel, m.seq, m.body,
      case when t.is_first then m.catch_up else m.payload end as payload
    from members as m
    join turns as t on t.channel = m.channel
    order by m.channel, m.seq desc
  )`;
}

function leased(tables: TableNames): string {
  return `  leased as (
    update ${tables.channels} as c
    set turn = c.turn + 1,
      lease = t.lease,
      leased_until = clock.now + t.lease_ms * ${MS},
      leased_group = t.group_key,
      leased_seq = n.seq,
      rate_interval_ms = cost.ms,
      rate_at = case
        when cost.ms > 0
          then least(greatest(c.rate_at, clock.now), clock.now + t.burst * cost.ms * ${MS})
            + cost.ms * ${MS}
        else c.rate_at
      end
    from turns as t
    join newest as n on n.channel = t.channel
    cross join clock
    -- What sends nothing costs nothing.
    cross join lateral (
      select case when n.payload::text = 'null' then 0 else t.interval_ms end as ms
    ) as cost
    where c.scope = $1 and c.channel = t.channel
  ),
  counted as (
    update ${tables.messages} as m
    set attempt = m.attempt + 1
    from turns as t
    where m.scope = $1
      and m.channel = t.channel
      and m.group_key = t.group_key
      and (t.is_first or m.seq = t.first_seq)
  )`;
}

function claimed(tables: TableNames): string {
  return `coalesce(
    (
      select json_agg(
        json_build_object(
          'channel', t.channel,
          'lease', t.lease,
          'payload', n.payload,
          'bodies', (
            select json_agg(m.body order by m.seq) from members as m where m.channel = t.channel
          ),
          'attempt', oldest.attempt + 1,
          'createdAt', ${inMs('oldest.created_at')},
          'pendingCount', t.pending_count,
          'hasPrevious', d.receipt is not null,
          'previous', d.receipt
        )
      )
      from turns as t
      join newest as n on n.channel = t.channel
      join members as oldest on oldest.channel = t.channel and oldest.seq = t.first_seq
      left join ${tables.deliveries} as d
        on d.scope = $1 and d.channel = t.channel and d.group_key = t.group_key
    ),
    '[]'
  )`;
}

/** For a tick that claims nothing. */
export const NO_CLAIMS: ReturnType<typeof claimParts> = {
  ctes: '',
  claims: `'[]'::json`,
  claimableAt: 'null',
};
