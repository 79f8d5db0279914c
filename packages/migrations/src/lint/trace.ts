import { readOptions } from '@ops/timeout/check';
import { readSources } from '../sources/load.ts';
import type { Source } from '../sources/source.ts';
import { normalizeVersion } from '../sources/version.ts';
import { openTraceDatabase } from './trace/database.ts';
import { extensionsNamedIn } from './trace/extensions.ts';
import { replayFiles, type TraceProgress } from './trace/replay.ts';
import type { TraceReport, TraceSkip } from './trace/report.ts';
import { runSetup } from './trace/run-setup.ts';

/** Options of {@link trace}. */
export interface TraceOptions {
  readonly sources: readonly Source[];
  /**
   * Report only on files of the application above this version, as one run: what older files and packs
   * have made counts as having been there before. @default every file on its own
   */
  readonly since?: string | undefined;
  /**
   * SQL that is run before the files, such as the roles and schemas that a platform provides. Each text
   * may hold several statements. What it sets for the session stays set for every file.
   */
  readonly setup?: readonly string[] | undefined;
  /** Looked at between statements: nothing can interrupt one that is running. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each file. */
  readonly onProgress?: ((progress: TraceProgress) => void) | undefined;
}

/**
 * Replays the files on a PostgreSQL of its own (PGlite, in memory), statement by statement in the
 * transactions that `up` would use, and reports what each statement really locked, wrote anew, scanned
 * and built among the relations that were there before its file.
 *
 * A file that fails is rolled back as far as `up` would, reported, and the next one is run. Modules are
 * not run: they could do anything. The tables are empty, so a replay says which locks are taken, not for
 * how long.
 *
 * It starts in 2 to 4 seconds and takes about 100 MB. SQL runs in WebAssembly, without access to files,
 * network or processes; but a statement that never ends keeps this thread busy for ever.
 *
 * @throws InvalidOptionsError also when `setup` fails.
 * @throws MissingPeerError when @electric-sql/pglite is not installed.
 * @throws the signal's reason.
 */
export async function trace(options: TraceOptions): Promise<TraceReport> {
  const settings = readTraceOptions(options);
  const { sources, setup, signal } = settings;
  signal?.throwIfAborted();
  const { files, problems } = await readSources(sources);
  const texts = [...setup, ...files.map(({ text }) => text)];
  const database = await openTraceDatabase(extensionsNamedIn(texts));
  try {
    await runSetup(database, setup);
    const report = await replayFiles(database, files, settings);
    const unread = problems.map(({ file, line, column, message }): TraceSkip => {
      return { file, line, column, message };
    });
    return { ...report, skipped: [...unread, ...report.skipped] };
  } finally {
    await database.close();
  }
}

interface TraceSettings extends TraceOptions {
  readonly setup: readonly string[];
}

function readTraceOptions(options: TraceOptions): TraceSettings {
  const reader = readOptions('trace', options);
  const isList = (value: unknown): value is unknown[] => Array.isArray(value);
  const settings: TraceSettings = {
    sources:
      reader.value('sources', 'a list of directory(…) and pack(…), one at least', (value) => {
        return isList(value) && value.length > 0 && value.every(isSource);
      }) ?? [],
    since: reader.value(
      'since',
      'a version',
      (value) => typeof value === 'string' && normalizeVersion(value) !== undefined,
    ),
    setup:
      reader.value('setup', 'a list of SQL texts', (value) => {
        return isList(value) && value.every((each) => typeof each === 'string');
      }) ?? [],
    signal: reader.object('signal', ['throwIfAborted']),
    onProgress: reader.function('onProgress'),
  };
  const isMissing = (options as Partial<TraceOptions> | undefined)?.sources === undefined;
  reader.fault(isMissing, 'sources: expected a list of directory(…) and pack(…), got undefined');
  reader.done();
  return settings;
}

function isSource(value: unknown): boolean {
  return ['directory', 'pack'].includes((value as Partial<Source> | null)?.kind ?? '');
}
