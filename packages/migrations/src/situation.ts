import { createConnector } from './database/connector.ts';
import { openSession, type Session } from './database/session.ts';
import { type Comparison, compareWithHistory } from './history/compare.ts';
import { createHistory, type History } from './history/history.ts';
import type { HistoryRow } from './history/read-history.ts';
import type { Settings } from './options.ts';
import { loadSources } from './sources/load.ts';
import type { MigrationFile } from './sources/source.ts';

/** What there is to work with: the files as found, and a connection. */
export interface Situation {
  readonly settings: Settings;
  readonly signal: AbortSignal | undefined;
  /** In the order in which they are run. */
  readonly files: readonly MigrationFile[];
  readonly history: History;
  readonly session: Session;
}

/** Files against history, with the rows that were read. */
export interface Findings extends Comparison {
  readonly rows: readonly HistoryRow[];
}

/**
 * Reads the files while it connects, does the work, and closes the connection whatever happens.
 *
 * @throws SourceError rather than ConnectionError when both are to be said.
 */
export async function inSituation<T>(
  settings: Settings,
  signal: AbortSignal | undefined,
  work: (situation: Situation) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const connector = createConnector(settings.connection, settings.connectTimeoutMs);
  const opening = openSession(connector, settings, signal);
  const [loaded, opened] = await Promise.allSettled([loadSources(settings.sources), opening]);
  try {
    signal?.throwIfAborted();
    if (loaded.status === 'rejected') throw loaded.reason;
    if (opened.status === 'rejected') throw opened.reason;
    const [files, session] = [loaded.value, opened.value];
    return await work({
      settings,
      signal,
      files,
      history: createHistory(settings.schema),
      session,
    });
  } finally {
    if (opened.status === 'fulfilled') await opened.value.close();
  }
}

/**
 * Reads the history and compares. Loads the parser only when there is something to parse.
 *
 * @throws SourceError when a pending or edited file cannot be parsed.
 */
export async function compareNow(
  { settings, files, history, session }: Situation,
  { allowOutOfOrder }: { readonly allowOutOfOrder?: boolean | undefined } = {},
): Promise<Findings> {
  const rows = await history.read(session);
  const comparison = await compareWithHistory(files, rows, {
    label: history.label,
    packs: new Set(settings.sources.map((source) => (source.kind === 'pack' ? source.name : ''))),
    allowOutOfOrder,
    nowMs: settings.clock.now(),
    async parse(some) {
      const { parseFiles } = await import('./sources/parse-files.ts');
      return parseFiles(some, async (statements) => {
        const { findCommitting } = await import('./engine/find-committing.ts');
        return findCommitting(statements, files, session);
      });
    },
    async findApplicable(some) {
      const { findApplicable } = await import('./history/applicable.ts');
      return findApplicable(session, some);
    },
    async diff(migration) {
      const body = await history.readBody(session, migration);
      if (body === undefined) return undefined;
      const { unifiedDiff } = await import('./history/diff.ts');
      return unifiedDiff(body, migration.text);
    },
  });
  return { ...comparison, rows };
}
