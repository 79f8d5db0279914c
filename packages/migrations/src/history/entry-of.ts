import { hashCode, hashFile, hashSteps } from '../migration.ts';
import { parseMigration } from '../sources/parse-migration.ts';
import type { MigrationFile } from '../sources/source.ts';
import { hashGroups } from '../sql/hash.ts';
import { splitStatements } from '../sql/split.ts';
import type { HistoryEntry } from './write-history.ts';

/** Who says that a file is applied, and when it was. */
export type Claim = Pick<HistoryEntry, 'origin' | 'appliedAt'>;

/** A row for a file that `up` has not run, and what is worth saying about it. */
export interface ClaimedEntry {
  readonly entry: HistoryEntry;
  readonly note: string | undefined;
}

/**
 * Makes the row. That the file was applied counts: one that `up` would refuse, for a `begin` and
 * `commit` in it, is recorded all the same. Modules are not imported: another tool's export something
 * else than ours.
 */
export function entryOf(file: MigrationFile, claim: Claim): ClaimedEntry {
  const { pack, version, name, rawHash, text } = file;
  const known = { pack, version, name, file: file.file, rawHash, text, ...claim };
  const unparsed = { stepCount: 0, stepsHash: hashGroups([]) };
  if (file.kind === 'code') {
    return { entry: { ...known, ...unparsed, hash: hashCode(text) }, note: undefined };
  }
  const parsed = parseMigration(file);
  if ('steps' in parsed) {
    const stepCount = parsed.steps.length;
    const stepsHash = hashSteps(parsed, stepCount);
    return { entry: { ...known, stepCount, stepsHash, hash: parsed.hash }, note: undefined };
  }
  return {
    entry: { ...known, ...unparsed, hash: hashFile(splitStatements(text)) },
    note: `${file.file} is recorded as it is, but up() would refuse to run it in a new database: ${parsed.message}.`,
  };
}
