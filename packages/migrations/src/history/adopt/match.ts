import type { AdoptProblem } from '../../errors.ts';
import type { MigrationFile } from '../../sources/source.ts';
import { compareVersions } from '../../sources/version.ts';
import { positionOf } from '../../sql/position.ts';
import { adoptProblem } from './adopt-problem.ts';
import type { ForeignEntry, ForeignHistory } from './tool.ts';

const BRING_BACK =
  'Bring it back from version control. Only .sql, .ts, .mts, .js and .mjs files in the folders of directory() are read.';

/** A file that the tool holds for applied. */
export interface Adopted {
  readonly file: MigrationFile;
  readonly appliedAt: Date | undefined;
}

/** Files against another tool's history. */
export interface Match {
  /** In the order of the files. */
  readonly adopted: readonly Adopted[];
  readonly pending: readonly MigrationFile[];
  readonly problems: readonly AdoptProblem[];
  readonly notes: readonly string[];
}

/** @param files of the application, in order of version. */
export function matchFiles(history: ForeignHistory, files: readonly MigrationFile[]): Match {
  const fileOf = new Map(files.map((file) => [file.version, file]));
  const entryOf = new Map<string, ForeignEntry>();
  const problems = [...history.problems];
  for (const entry of history.entries) {
    const file = entry.version === undefined ? undefined : fileOf.get(entry.version);
    const problem = entryProblem(entry, file) ?? twice(entry, file, entryOf);
    if (problem === undefined && file !== undefined) entryOf.set(file.version, entry);
    else if (problem !== undefined) problems.push(problem);
  }
  const { upTo } = history;
  const covered = files.filter(
    ({ version }) =>
      upTo !== undefined && !entryOf.has(version) && compareVersions(version, upTo.version) <= 0,
  );
  const isAdopted = (file: MigrationFile): boolean =>
    entryOf.has(file.version) || covered.includes(file);
  return {
    adopted: files
      .filter(isAdopted)
      .map((file) => ({ file, appliedAt: entryOf.get(file.version)?.appliedAt })),
    pending: files.filter((file) => !isAdopted(file)),
    problems,
    notes: [
      ...history.notes,
      ...(upTo !== undefined && covered.length > 0
        ? [`${upTo.label}, which also stands for ${filesUpTo(covered)}.`]
        : []),
    ],
  };
}

function filesUpTo(covered: readonly MigrationFile[]): string {
  const last = covered.at(-1)?.version;
  return covered.length === 1
    ? `the file of version ${last}`
    : `${covered.length} files up to version ${last}`;
}

function entryProblem(
  entry: ForeignEntry,
  file: MigrationFile | undefined,
): AdoptProblem | undefined {
  const { label: row, version } = entry;
  if (version === undefined) {
    const message = 'the name begins with no number, so it has no place in an order of versions';
    const hint = 'Rename the file, and the migration in the table of the tool, to <digits>_<name>.';
    return adoptProblem('unnamed', { message, hint }, { row });
  }
  if (file === undefined) {
    const message = `is applied, but there is no file of version ${version}`;
    const hint = entry.missingHint ?? BRING_BACK;
    return adoptProblem('missing-file', { message, hint }, { row });
  }
  if (entry.name !== undefined && entry.name !== file.name) {
    const message = 'has another name than what is applied with its version';
    const hint =
      'If it is the same migration, give the file its old name. If not, give it a version of its own and bring the applied one back.';
    return adoptProblem('missing-file', { message, hint }, { row, file: file.file });
  }
  return drift(entry, file);
}

function drift(entry: ForeignEntry, file: MigrationFile): AdoptProblem | undefined {
  const difference = entry.compare?.(file);
  if (difference === undefined) return undefined;
  const { message, offset } = difference;
  const at = offset === undefined ? {} : positionOf(file.text, offset);
  const hint =
    'It was edited after it was applied. Bring back the text that was applied, and put the change into a new file.';
  return adoptProblem('drift', { message, hint }, { row: entry.label, file: file.file, ...at });
}

function twice(
  { label: row }: ForeignEntry,
  file: MigrationFile | undefined,
  entryOf: ReadonlyMap<string, ForeignEntry>,
): AdoptProblem | undefined {
  const other = file && entryOf.get(file.version);
  if (other === undefined) return undefined;
  const message = `has the same version as ${other.label}`;
  const hint =
    'Only one migration of a version can be in the history. Give one of the two another version, in the folder and in the table of the tool.';
  return adoptProblem('unnamed', { message, hint }, { row, file: file?.file });
}
