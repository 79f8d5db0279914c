import { InvalidOptionsError } from '@ops/timeout/check';
import type { MigrationRef } from './errors.ts';
import { entryOf } from './history/entry-of.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { inSituation, type Situation } from './situation.ts';
import { keyOf, type MigrationFile } from './sources/source.ts';
import { knownVersion } from './sources/up-to.ts';
import { compareVersions } from './sources/version.ts';
import { underLock } from './under-lock.ts';

/** What `baseline` has done. */
export interface BaselineReport {
  /** Recorded by this call, in order of version. */
  readonly recorded: readonly MigrationRef[];
  /** Were in the history before, and stay as they are: one that is half done stays pending. */
  readonly alreadyThere: readonly MigrationRef[];
  /** Sentences for people, about files that `up` could not run in a new database. */
  readonly notes: readonly string[];
}

export async function runBaseline(
  settings: Settings,
  version: string,
  signal: AbortSignal | undefined,
): Promise<BaselineReport> {
  if (typeof version !== 'string') {
    throw new InvalidOptionsError(
      `baseline: expected a version in a string, got ${typeof version}`,
    );
  }
  return inSituation(settings, signal, async (situation) => {
    const covered = filesUpTo(situation.files, version);
    return underLock(situation, () => record(situation, covered));
  });
}

function filesUpTo(all: readonly MigrationFile[], version: string): readonly MigrationFile[] {
  const last = knownVersion('baseline', version, all);
  return all.filter((file) => file.pack === '' && compareVersions(file.version, last) <= 0);
}

async function record(
  { session, settings, history }: Situation,
  files: readonly MigrationFile[],
): Promise<BaselineReport> {
  const there = new Set((await history.read(session)).map(keyOf));
  const isThere = (file: MigrationFile): boolean => there.has(keyOf(file));
  const fresh = files.filter((file) => !isThere(file));
  const claims = fresh.map((file) => entryOf(file, { origin: 'baseline' }));
  try {
    await session.query(`begin; set local lock_timeout = ${settings.lockTimeoutMs}`);
    await history.insert(
      session.query,
      claims.map(({ entry }) => entry),
    );
    await session.query('commit');
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw error;
  }
  return {
    recorded: fresh.map(refOf),
    alreadyThere: files.filter(isThere).map(refOf),
    notes: claims.flatMap(({ note }) => note ?? []),
  };
}
