import { findUnfinishedIndexes } from './engine/unfinished-indexes.ts';
import {
  HalfAppliedError,
  InvalidIndexError,
  type MigrationError,
  SourceError,
  type UnfinishedIndex,
} from './errors.ts';
import type { MigrationNote } from './history/compare.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { compareNow, type Findings, inSituation, type Situation } from './situation.ts';

/** What `verify` has found. */
export interface VerifyReport {
  /** Whether there are no problems. Pending files are none. */
  readonly ok: boolean;
  /**
   * Files that cannot be used, are missing, changed, out of order, or half done; INVALID indexes that
   * nobody builds, in any schema of the database.
   */
  readonly problems: readonly MigrationError[];
  readonly notes: readonly MigrationNote[];
  /** INVALID indexes on which a session works at this moment; they will probably become valid. */
  readonly building: readonly UnfinishedIndex[];
}

/** Read-only, without the lock. Rejects only when the database cannot be asked. */
export async function makeVerifyReport(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<VerifyReport> {
  try {
    return await inSituation(settings, signal, async (situation) =>
      reportOf(situation, await inspectFiles(situation)),
    );
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    // The files cannot even be listed; the database can still be looked at.
    const found: Inspected = { problems: [error], notes: [] };
    const databaseOnly = { ...settings, sources: [] };
    return inSituation(databaseOnly, signal, (situation) => reportOf(situation, found));
  }
}

type Inspected = Pick<VerifyReport, 'problems' | 'notes'>;

async function reportOf({ session }: Situation, found: Inspected): Promise<VerifyReport> {
  const indexes = [...(await findUnfinishedIndexes(session)).values()];
  const left = indexes.filter(({ pid }) => pid === undefined);
  const problems = [...found.problems, ...(left.length > 0 ? [new InvalidIndexError(left)] : [])];
  const building = indexes.filter(({ pid }) => pid !== undefined);
  return { ok: problems.length === 0, problems, notes: found.notes, building };
}

/** A file that cannot be parsed keeps the others from being compared, as in `up`. */
async function inspectFiles(situation: Situation): Promise<Inspected> {
  let findings: Findings;
  try {
    findings = await compareNow(situation);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { problems: [error], notes: [] };
  }
  const { problems, notes, pending, rows } = findings;
  const half = pending.filter(({ migration: { pack, version } }) =>
    rows.some((row) => row.pack === pack && row.version === version && !row.isReverting),
  );
  if (half.length === 0) return { problems, notes };
  return {
    problems: [...problems, new HalfAppliedError(half.map(({ migration }) => refOf(migration)))],
    notes,
  };
}
