import { type Clock, withTimeout } from '@ops/timeout';
import type { SqlPool } from './database.ts';
import { AlertTablesMissingError } from './errors.ts';
import type { ServerClock } from './server-clock.ts';
import { serverErrorState } from './server-error.ts';
import { withClient } from './with-client.ts';

/** Runs one statement that answers with one row, whose only column `answer` is JSON as text. */
export type Ask = <T>(statement: string, values: readonly unknown[]) => Promise<T>;

/** What {@link createAsk} needs. */
export interface AskSetting {
  readonly pool: SqlPool;
  readonly schema: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
}

/**
 * A statement that lost against another was not applied at all, so it is run again. The default
 * isolation level, read committed, never gives 40001; an application's own default may.
 */
const LOST = /^(?:40001|40P01)$/;
const TRIES = 5;
const MISSING = /^(?:42P01|3F000)$/;

/**
 * Each statement is a transaction by itself: explicit ones would take three round trips, and a process
 * that stops between them would hold its locks until the connection is noticed to be dead. Nothing is
 * prepared and no setting outlives a statement, so it works through a pool in front that lends
 * connections for a transaction at a time.
 *
 * The answer is text, so the type parsers that an application may have set do not touch it.
 */
export function createAsk(setting: AskSetting): Ask {
  const { pool, schema, timeoutMs, clock, serverClock } = setting;

  const once = (statement: string, values: readonly unknown[], signal: AbortSignal) =>
    withClient(pool, signal, async (client) => {
      const sentAtMs = clock.monotonic();
      const { rows } = await client.query(statement, [...values]);
      const receivedAtMs = clock.monotonic();
      const [row] = rows as readonly { readonly answer: string }[];
      if (row === undefined) throw new Error('the database answered without a row');
      const answer = JSON.parse(row.answer) as { readonly now?: number };
      if (answer.now !== undefined) serverClock.observe(answer.now, sentAtMs, receivedAtMs);
      return answer;
    });

  const work = async (statement: string, values: readonly unknown[], signal: AbortSignal) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(statement, values, signal);
      } catch (error) {
        const state = serverErrorState(error);
        if (state === undefined || !LOST.test(state) || attempt === TRIES) {
          throw state !== undefined && MISSING.test(state)
            ? new AlertTablesMissingError(schema, { cause: error })
            : error;
        }
      }
    }
  };

  return async <T>(statement: string, values: readonly unknown[]) =>
    (await withTimeout(({ signal }) => work(statement, values, signal), timeoutMs, {
      clock,
    })) as T;
}

/**
 * A CTE that limits its own statement. `lock_timeout` is read when a wait for a row begins;
 * `transaction_timeout` (from PostgreSQL 17 on) starts when it is set. Both end with the statement,
 * which is the transaction. `statement_timeout` cannot be had this way: it starts before the statement
 * is looked at. The CTE that locks has to read `limits.is_set`.
 *
 * @param value the number of the parameter with the milliseconds.
 */
export function limits(value: number): string {
  return `limits as materialized (
    select
      set_config('lock_timeout', greatest($${value}::integer / 2, 1)::text, true) is not null
      and case
        when current_setting('server_version_num')::integer >= 170000
          then set_config('transaction_timeout', $${value}::integer::text, true) is not null
        else true
      end as is_set
  )`;
}

/** A moment as milliseconds since 1970. */
export function inMs(moment: string): string {
  return `(extract(epoch from ${moment}) * 1000)::double precision`;
}

/** Milliseconds since 1970 as a moment; null stays null. */
export function momentOf(ms: string): string {
  return `to_timestamp(${ms} / 1000.0::double precision)`;
}

/** The longest time that the server has a moment for is far beyond; a due date there never comes. */
export const LATEST_MS = 253_402_300_799_000;
