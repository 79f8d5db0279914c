import { createConnector } from './database/connector.ts';
import { prepareSession } from './database/prepare-session.ts';
import { openSession, type Session } from './database/session.ts';
import { applyMigration } from './engine/apply.ts';
import { acquireLock } from './engine/lock.ts';
import type { RecoveredIndex, Run } from './engine/run.ts';
import { createWatcher } from './engine/watcher.ts';
import type { MigrationRef } from './errors.ts';
import type { MigrationEvent } from './events.ts';
import { compareWithHistory, type PendingMigration } from './history/compare.ts';
import { createHistory, type History } from './history/history.ts';
import { type Migration, refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { loadSources } from './sources/load.ts';

/** What a call of `up` has done. */
export interface UpReport {
  /** In order; empty when everything was applied already, or by another process meanwhile. */
  readonly applied: readonly AppliedNow[];
  /** Indexes whose unfinished remains were dropped and which were built anew. */
  readonly recovered: readonly RecoveredIndex[];
  /** Tries that met a lock timeout or deadlock and were repeated. */
  readonly retried: number;
  /** Time spent waiting for another process. */
  readonly waitedMs: number;
  /** Of the whole call. */
  readonly durationMs: number;
}

/** A file that this call has applied, or finished. */
export interface AppliedNow extends MigrationRef {
  readonly durationMs: number;
}

/** Everything that one call of `up` needs. */
interface Call {
  readonly settings: Settings;
  readonly signal: AbortSignal | undefined;
  readonly migrations: readonly Migration[];
  readonly history: History;
  readonly session: Session;
  readonly emit: (event: MigrationEvent) => void;
}

export async function runUp(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<UpReport> {
  signal?.throwIfAborted();
  const { clock } = settings;
  const startedAt = clock.monotonic();
  const migrations = await loadSources(settings.sources);
  const connector = createConnector(settings.connection, settings.connectTimeoutMs);
  const session = await openSession(connector, settings, signal);
  const emit = safely(settings.onEvent);
  const history = createHistory(settings.schema);
  const call: Call = { settings, signal, migrations, history, session, emit };
  try {
    // Without the lock: replicas that find nothing to do need not queue.
    const pending = await findPending(call);
    const nothing = { applied: [], recovered: [], retried: 0, waitedMs: 0 };
    const outcome = pending.length === 0 ? nothing : await migrate(call);
    return { ...outcome, durationMs: clock.monotonic() - startedAt };
  } finally {
    await session.close();
  }
}

/** @throws MissingFileError, DriftError or OrderError when files and history do not fit. */
async function findPending(call: Call): Promise<readonly PendingMigration[]> {
  const { migrations, history, session } = call;
  const rows = await history.read(session);
  const { pending, problems } = compareWithHistory(migrations, rows, history);
  if (problems[0] !== undefined) throw problems[0];
  return pending;
}

async function migrate(call: Call): Promise<Omit<UpReport, 'durationMs'>> {
  const { session, settings, history, signal, emit } = call;
  const state = await prepareSession(session);
  const lock = await acquireLock(call);
  try {
    await history.ensure(session, settings.lockTimeoutMs);
    const pending = await findPending(call);
    const { waitedMs } = lock;
    if (pending.length > 0) emit({ type: 'locked', waitedMs, pendingCount: pending.length });
    const watcher = createWatcher(session, settings);
    const tally: Run['tally'] = { retried: 0, recovered: [] };
    const run: Run = { settings, session, history, state, watcher, signal, emit, tally };
    const applied: AppliedNow[] = [];
    for (const each of pending) {
      const durationMs = await applyMigration(run, each);
      applied.push({ ...refOf(each.migration), durationMs });
    }
    return { applied, ...tally, waitedMs };
  } finally {
    await lock.release();
  }
}

/** A listener that throws or rejects must not leave a migration half-way. */
function safely(onEvent: Settings['onEvent']): (event: MigrationEvent) => void {
  return (event) => {
    try {
      const result: unknown = onEvent?.(event);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Said in the option's description.
    }
  };
}
