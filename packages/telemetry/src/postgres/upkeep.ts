import { withTimeout } from '@ops/timeout';
import type { SqlPool } from './database.ts';
import { fillPartitions } from './fill-partitions.ts';
import type { ParsedPostgresSinkOptions } from './options.ts';
import type { PostgresSinkEvent } from './sink-events.ts';
import type { TableLayout } from './table-layout.ts';
import { withClient } from './with-client.ts';

const HOUR_MS = 3_600_000;
const AFTER_FAILURE_MS = 300_000;
/** The write that does the upkeep waits so long for it at most. */
const LIMIT_MS = 3_000;

/** Keeps the partitions of a sink's table ahead of the time. */
export interface Upkeep {
  /** Of a partitioned table, at the first write and an hour after the last time. */
  isDue(layout: TableLayout | undefined): boolean;
  /** Never rejects: what fails is told to `onEvent`, and the default partition takes the events. */
  run(layout: TableLayout | undefined): Promise<void>;
}

export function createUpkeep(pool: SqlPool, options: ParsedPostgresSinkOptions): Upkeep {
  const { clock, partitionsAhead: ahead, table, schema } = options;
  let ranAt = -Infinity;
  let pauseMs = 0;

  const tell = (event: PostgresSinkEvent): void => {
    try {
      options.onEvent?.(event);
    } catch {
      // The events are stored; a listener that throws must not make them look lost.
    }
  };
  const fill = async (months: number): Promise<void> => {
    const deadlineAt = performance.now() + LIMIT_MS;
    const { created, movedRows } = await withTimeout(
      ({ signal }) =>
        withClient(pool, signal, (client) =>
          fillPartitions(client, {
            table,
            schema,
            idColumn: options.columns.id ?? 'id',
            ahead: months,
            behind: 0,
            now: clock.now(),
            remainingMs: () => deadlineAt - performance.now(),
          }),
        ),
      LIMIT_MS,
    );
    if (created.length > 0) tell({ type: 'partitions_made', created, movedRows });
  };

  return {
    isDue(layout) {
      if (layout?.moved === undefined) return false;
      const now = clock.now();
      return now - ranAt >= pauseMs || now < ranAt; // a clock that was set back must not put it off
    },
    async run(layout) {
      ranAt = clock.now();
      pauseMs = HOUR_MS;
      if (layout?.moved === undefined || ahead === null) return;
      try {
        await fill(ahead);
      } catch (cause) {
        pauseMs = AFTER_FAILURE_MS;
        tell({ type: 'partitions_failed', cause });
      }
    },
  };
}
