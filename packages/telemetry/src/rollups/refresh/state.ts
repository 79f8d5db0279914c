import type { SqlClient } from '../../postgres/database.ts';
import { RollupChangedError } from '../errors.ts';
import type { Layout } from '../store/layout.ts';

/** Where a rollup stands. Transaction ids and times are text, which is exact. */
export interface RollupState {
  /** Rows of transactions below it are in. */
  readonly watermark: string;
  /** Equal to `watermark`, unless a span of transactions too large for one step is under way. */
  readonly windowEnd: string;
  /** Of that span, and with `dirty-buckets` of all, what lies before is in. */
  readonly builtTo: string;
}

interface StateRow {
  readonly definition: string;
  readonly watermark: string;
  readonly window_end: string;
  readonly built_to: string;
}

/**
 * Takes the rollup's row lock, which lasts for the transaction: whoever has it is the only one to
 * write the rollup. Null when another has it.
 *
 * @throws RollupChangedError
 */
export async function lockState(client: SqlClient, layout: Layout): Promise<RollupState | null> {
  const { rollup, state } = layout;
  const { rows } = await client.query(
    `select definition, watermark::text, window_end::text, built_to::text
from ${state}
where rollup = $1
for no key update skip locked`,
    [rollup.name],
  );
  const row = rows[0] as StateRow | undefined;
  if (row === undefined) return null;
  if (row.definition !== rollup.hash) {
    throw new RollupChangedError(rollup.name, row.definition, rollup.hash);
  }
  return { watermark: row.watermark, windowEnd: row.window_end, builtTo: row.built_to };
}

/** What a step leaves behind. */
export interface StateChange extends RollupState {
  /** The stored rows are others than before. */
  readonly isChanged: boolean;
  /**
   * What was written by transactions that began before is in; null leaves it as it is.
   */
  readonly horizonAt: string | null;
}

export async function saveState(
  client: SqlClient,
  { rollup, state }: Layout,
  change: StateChange,
): Promise<void> {
  await client.query(
    `update ${state}
set watermark = $2::xid8,
  window_end = $3::xid8,
  built_to = $4::timestamptz,
  version = version + $5::int,
  horizon_at = coalesce($6::timestamptz, horizon_at),
  last_run_at = clock_timestamp()
where rollup = $1`,
    [
      rollup.name,
      change.watermark,
      change.windowEnd,
      change.builtTo,
      change.isChanged ? 1 : 0,
      change.horizonAt,
    ],
  );
}
