import { type Database, inTransaction } from '../database.ts';
import { checkRunId, requireRun } from '../history/known-run.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Settings } from '../options.ts';
import { undoPolicy } from './undo-policy.ts';
import { type PolicyUndo, type UndoReport, undoReport } from './undo-report.ts';

/** Options of `undo()`. */
export interface UndoOptions {
  /** Rejects with its reason between two batches; what was given back stays so. */
  readonly signal?: AbortSignal | undefined;
}

const LOOK = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000, access: 'read only' } as const;

/**
 * Takes back the soft deletes of one run, as far as the rows are still as it marked them and
 * `purgeAfter` has not passed since it began; both are decided by what was written down when they
 * were marked, whatever the policies say by now. In batches of 500 rows, each a transaction of its
 * own; calling it again goes on, and gives nothing back twice.
 *
 * It takes no lease and may run beside a run, also the very one, which may mark the rows again.
 *
 * @throws UnknownRunError when the history has no such run.
 * @throws CleanupTablesMissingError when there is no history.
 * @throws InvalidOptionsError when `runId` is no UUID; the signal's reason; the driver's error when
 * the database cannot be reached.
 */
export async function undoRun(
  settings: Pick<Settings, 'pool' | 'clock' | 'history'>,
  runId: string,
  options: UndoOptions = {},
): Promise<UndoReport> {
  checkRunId('undo', runId);
  const { pool, clock, history } = settings;
  const database: Database = { pool, clock, signal: options.signal };
  database.signal?.throwIfAborted();
  const startedAt = clock.monotonic();
  const marked = await markedTables(database, history.schema, runId);
  const policies = new Map<string, PolicyUndo>();
  for (const { policy, tableName } of marked) {
    const marks = { runId, policy, tableName };
    policies.set(policy, await undoPolicy(database, history.schema, marks));
  }
  return undoReport(runId, clock.monotonic() - startedAt, Object.fromEntries(policies));
}

/** A policy has one table in one run. */
function markedTables(
  database: Database,
  schema: string,
  runId: string,
): Promise<readonly { readonly policy: string; readonly tableName: string }[]> {
  const quoted = quoteIdentifier(schema);
  return inTransaction(database, LOOK, async (query) => {
    await requireRun(query, schema, runId);
    const rows = await query(
      `select mine.policy, marked.table_name
       from ${quoted}.policy_runs mine
       cross join lateral (
         select log.table_name
         from ${quoted}.soft_deleted log
         where log.run_id = mine.run_id and log.policy = mine.policy
         limit 1
       ) marked
       where mine.run_id = $1::uuid
       order by mine.started_at, mine.policy`,
      [runId],
    );
    return rows.map((row) => ({ policy: row['policy'] ?? '', tableName: row['table_name'] ?? '' }));
  });
}
