import type { Clock } from '@ops/timeout';
import { describeError } from '../describe-error.ts';
import type { Logger } from '../logger.ts';
import { redactSecrets } from '../redact.ts';
import type { Connected } from './connected.ts';
import { inMs } from './statement.ts';

/** Rows removed by one statement: a few milliseconds. */
const BATCH_ROWS = 1_000;
/** The rest waits for the next hour. */
const MOST_BATCHES = 100;
const HOUR_MS = 3_600_000;

/** Removes what is old, beside the session's work. */
export interface Upkeep {
  /** Called after each tick; usually does nothing. Never throws. */
  consider(): void;
  /** Starts nothing more, and waits for the statement under way. */
  close(): Promise<void>;
}

/**
 * Once an hour a session tries to write the hour down; the one of all replicas that does removes, in
 * batches, alerts and silences that ended longer ago than the retention, receipts that old, messages
 * that nobody takes (all of their group have been too old for a day), and places held for documents
 * that were never made. A failure is logged, and the next hour comes.
 */
export function createUpkeep(to: Connected, clock: Clock, logger: Logger): Upkeep {
  // Not at once: a process that lives for a minute has better things to do.
  let nextMs = clock.monotonic() + HOUR_MS / 20;
  let isClosed = false;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    const { isOurs } = await to.ask<{ readonly isOurs: boolean }>(turnStatement(to), [to.scope]);
    if (!isOurs) return;
    for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
      if (isClosed) return;
      const values = [to.scope, to.retentionMs, BATCH_ROWS];
      const { most } = await to.ask<{ readonly most: number }>(removeStatement(to), values);
      if (most < BATCH_ROWS) return;
    }
  };

  return {
    consider() {
      if (isClosed || running !== undefined || clock.monotonic() < nextMs) return;
      nextMs = clock.monotonic() + HOUR_MS;
      running = run()
        .catch((error: unknown) => {
          const cause = redactSecrets(describeError(error)).slice(0, 300);
          logger.warn({ cause }, 'alerts: old rows could not be removed; next try in an hour');
        })
        .finally(() => {
          running = undefined;
        });
    },
    async close() {
      isClosed = true;
      await running;
    },
  };
}

/** Of those that ask in the same hour, one gets true. */
function turnStatement({ tables }: Connected): string {
  return `
with
  taken as (
    insert into ${tables.upkeep} as u (scope, last_at)
    values ($1, clock_timestamp())
    on conflict (scope) do update
    set last_at = excluded.last_at
    where u.last_at < excluded.last_at - interval '50 minutes'
    returning scope
  )
select json_build_object('now', ${inMs('clock_timestamp()')}, 'isOurs', exists (select from taken))::text
  as answer`;
}

/** Waits for nobody: what is locked stays for the next time. $2 retention in ms, $3 rows of each. */
function removeStatement({ tables }: Connected): string {
  const old = `clock_timestamp() - $2::double precision * interval '1 millisecond'`;
  const remove = (name: string, table: string, condition: string): string => `
  ${name} as (
    delete from ${table}
    where ctid = any (
      array(
        select r.ctid
        from ${table} as r
        where r.scope = $1 and ${condition}
        limit $3::integer
        for update skip locked
      )
    )
    returning 1
  )`;
  const parts = [
    ['alerts', tables.history, `r.ended_at < ${old}`],
    ['silences', tables.silences, `r.ends_at < ${old}`],
    ['deliveries', tables.deliveries, `r.delivered_at < ${old}`],
    ['places', tables.documents, 'r.version = 0'],
    [
      'messages',
      tables.messages,
      `not exists (
          select
          from ${tables.messages} as o
          where o.scope = r.scope
            and o.channel = r.channel
            and o.group_key = r.group_key
            and o.expires_at >= clock_timestamp() - interval '1 day'
        )`,
    ],
  ] as const;
  return `
with ${parts.map(([name, table, condition]) => remove(name, table, condition)).join(',')}
select json_build_object(
  'most', greatest(${parts.map(([name]) => `(select count(*) from ${name})`).join(', ')})
)::text as answer`;
}
