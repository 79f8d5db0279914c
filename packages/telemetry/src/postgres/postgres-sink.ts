import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import type { EventSink, IngestEvent, SinkOutcome } from '../ingest/sink.ts';
import { chunksOf } from './chunks.ts';
import type { SqlPool } from './database.ts';
import { isAtHome } from './home-month.ts';
import { createInserts } from './insert-rows.ts';
import { isolatePoison, type Pending } from './isolate-poison.ts';
import { type PostgresSinkOptions, parsePostgresSinkOptions } from './options.ts';
import { rowOf, UnwritableValue } from './rows.ts';
import { isRoutingFailure } from './server-error.ts';
import { readTableLayout, type TableLayout } from './table-layout.ts';
import { createUpkeep } from './upkeep.ts';
import { withClient } from './with-client.ts';

/**
 * Stores events in a table that you own, one row each, at most 1,000 rows in a statement. An id that
 * is there already is left as it is and counts as stored; its outcome says `duplicate`.
 *
 * A plain table needs a unique index on its id column, and `insert` and `select` on it. A
 * partitioned one has to be as `ensureTables` makes it: by whole months of UTC, each partition with
 * a unique index on the id, and beside it `<table>_moved`. There an id is stored once even when a
 * repeat was given a time in another month.
 *
 * Values travel as text and are cast to the types that the catalog has for the columns, so `user_id`
 * may be `uuid`, `text` or `bigint`. An event with a value that its column refuses is dropped, alone.
 * Whatever is not the fault of an event (no connection, time limit, deadlock, a read-only server, no
 * permission, no table) rejects the write, or makes the rest of it `retry`, with the cause.
 *
 * The table is looked up at the first write and after a write that failed, a partitioned one also once
 * an hour. Nothing is read or connected before, and the pool stays yours to end.
 *
 * @throws InvalidOptionsError
 */
export function postgresSink(pool: SqlPool, options: PostgresSinkOptions = {}): EventSink {
  if (typeof (pool as SqlPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError('postgresSink: pool: expected a pg.Pool, or what looks like one');
  }
  const parsed = parsePostgresSinkOptions(options);
  let layout: TableLayout | undefined;
  const upkeep = createUpkeep(pool, parsed);

  const write = async (
    events: readonly IngestEvent[],
    outcomes: SinkOutcome[],
    signal: AbortSignal,
  ): Promise<void> => {
    const deadlineAt = performance.now() + parsed.timeout;
    await withClient(pool, signal, async (client) => {
      const target = (layout ??= await readTableLayout(client, parsed));
      const inserts = createInserts(client, target, () => deadlineAt - performance.now());
      for (const chunk of chunksOf(prepare(events, target, outcomes))) {
        signal.throwIfAborted();
        const insert = chunk[0]?.isAtHome === false ? inserts.moved : inserts.home;
        await isolatePoison(chunk, insert, (index, outcome) => {
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
      } catch (cause) {
        if (isRoutingFailure(cause)) await upkeep.run(layout);
        layout = undefined; // it may have been altered
        const isNothingSettled = outcomes.every(({ result }) => result === 'retry');
        if (isNothingSettled) throw cause;
        // Part of it is committed, and is said to be, so that every repeat is smaller.
        return outcomes.map((outcome) =>
          outcome.result === 'retry' ? { result: 'retry', cause } : outcome,
        );
      }
      if (upkeep.isDue(layout)) {
        await upkeep.run(layout);
        layout = undefined; // partitions of other makers are looked at
      }
      return outcomes;
    },
  };
}

/** Rows for the events that have one; an event that has none is settled as dropped. */
function prepare(
  events: readonly IngestEvent[],
  layout: TableLayout,
  outcomes: SinkOutcome[],
): Pending[] {
  const isPlain = layout.moved === undefined;
  const pending: Pending[] = [];
  events.forEach((event, index) => {
    try {
      const row = rowOf(event, layout.columns);
      pending.push({ index, id: event.id, row, isAtHome: isPlain || isAtHome(event) });
    } catch (cause) {
      const details =
        cause instanceof UnwritableValue ? cause.message : 'it cannot be written as JSON';
      outcomes[index] = { result: 'drop', details, cause };
    }
  });
  return pending;
}
