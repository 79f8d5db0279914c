import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import type { EventSink, IngestEvent, SinkOutcome } from '../ingest/sink.ts';
import type { SqlPool } from './database.ts';
import { createInsertRows } from './insert-rows.ts';
import { isolatePoison, type Pending } from './isolate-poison.ts';
import { type PostgresSinkOptions, parsePostgresSinkOptions } from './options.ts';
import { rowOf, UnwritableValue } from './rows.ts';
import { readTableLayout, type TableLayout } from './table-layout.ts';
import { withClient } from './with-client.ts';

/** Rows in one statement: measured, 5,000 are slower than 1,000, and 100 a third slower. */
const CHUNK_ROWS = 1_000;

/**
 * Stores events in a table that you own, one row each, at most 1,000 rows in a statement. Needs `insert` on the table and a unique index on its id column; an id that is there
 * already is left as it is and counts as stored.
 *
 * Values travel as text and are cast to the types that the catalog has for the columns, so `user_id`
 * may be `uuid`, `text` or `bigint`. An event with a value that its column refuses is dropped, alone.
 *
 * The table is looked up at the first write and again after a write that failed. Nothing is read or
 * connected before, and the pool stays yours to end.
 *
 * @throws InvalidOptionsError
 */
export function postgresSink(pool: SqlPool, options: PostgresSinkOptions = {}): EventSink {
  if (typeof (pool as SqlPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError('postgresSink: pool: expected a pg.Pool, or what looks like one');
  }
  const parsed = parsePostgresSinkOptions(options);
  let layout: TableLayout | undefined;

  const write = async (
    events: readonly IngestEvent[],
    outcomes: SinkOutcome[],
    signal: AbortSignal,
  ): Promise<void> => {
    const deadlineAt = performance.now() + parsed.timeout;
    await withClient(pool, signal, async (client) => {
      const target = (layout ??= await readTableLayout(client, parsed));
      const pending = prepare(events, target, outcomes);
      const insert = createInsertRows(client, target, () => deadlineAt - performance.now());
      for (let start = 0; start < pending.length; start += CHUNK_ROWS) {
        signal.throwIfAborted();
        await isolatePoison(pending.slice(start, start + CHUNK_ROWS), insert, (index, outcome) => {
          outcomes[index] = outcome;
        });
      }
    });
  };

  return {
    async write(events) {
      if (events.length === 0) return [];
      const outcomes: SinkOutcome[] = events.map(() => ({ result: 'retry' }));
      try {
        await withTimeout(({ signal }) => write(events, outcomes, signal), parsed.timeout);
        return outcomes;
      } catch (cause) {
        layout = undefined; // it may have been altered
        const isNothingSettled = outcomes.every(({ result }) => result === 'retry');
        if (isNothingSettled) throw cause;
        // Part of it is committed, and is said to be, so that every repeat is smaller.
        return outcomes.map((outcome) =>
          outcome.result === 'retry' ? { result: 'retry', cause } : outcome,
        );
      }
    },
  };
}

/** Rows for the events that have one; an event that has none is settled as dropped. */
function prepare(
  events: readonly IngestEvent[],
  layout: TableLayout,
  outcomes: SinkOutcome[],
): Pending[] {
  const pending: Pending[] = [];
  events.forEach((event, index) => {
    try {
      pending.push({ index, row: rowOf(event, layout.columns) });
    } catch (cause) {
      const details =
        cause instanceof UnwritableValue ? cause.message : 'it cannot be written as JSON';
      outcomes[index] = { result: 'drop', details, cause };
    }
  });
  return pending;
}
