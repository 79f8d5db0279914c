import { type FileProblem, SourceError } from '../errors.ts';
import { readDirectory } from './directory.ts';
import { readPack } from './pack.ts';
import { problemOf } from './problem.ts';
import { keyOf, type MigrationFile, type Source, type SourceContents } from './source.ts';
import { compareVersions } from './version.ts';

/**
 * Reads all sources, in the order in which they are run: that of the sources, and within each that of
 * the versions. All directories are one group, at the place of the first of them.
 *
 * @throws SourceError with everything that can be said without parsing.
 */
export async function loadSources(sources: readonly Source[]): Promise<readonly MigrationFile[]> {
  const { files, problems } = await readSources(sources);
  if (problems.length > 0) throw new SourceError(problems);
  return files;
}

/** As {@link loadSources}, for those who only report. */
export async function readSources(sources: readonly Source[]): Promise<SourceContents> {
  const contents = await Promise.all(
    sources.map((source) =>
      source.kind === 'directory' ? readDirectory(source) : readPack(source),
    ),
  );
  const groups = Map.groupBy(
    contents.flatMap(({ files }) => files),
    ({ pack }) => pack,
  );
  // A directory without files still gives its group its place.
  const order = sources.map((source) => (source.kind === 'directory' ? '' : source.name));
  const files = [...new Set(order)].flatMap((pack) => (groups.get(pack) ?? []).toSorted(inOrder));
  return {
    files,
    problems: [...contents.flatMap(({ problems }) => problems), ...duplicates(files)],
  };
}

function inOrder(a: MigrationFile, b: MigrationFile): number {
  return compareVersions(a.version, b.version) || (a.name < b.name ? -1 : 1);
}

const TWICE = {
  message: 'is read twice',
  hint: 'Its folder is there more than once, among the sources or as --dir. Name it once.',
};

/** @param files in order, so that those with one version are neighbours. */
function duplicates(files: readonly MigrationFile[]): FileProblem[] {
  return files.flatMap((file, at): FileProblem[] => {
    const previous = files[at - 1];
    if (previous === undefined || keyOf(previous) !== keyOf(file)) return [];
    if (previous.file === file.file) return [problemOf(file.file, TWICE)];
    const message = `has the version ${file.version}, as has ${previous.file}`;
    const hint = 'Give the newer of the two a version of its own, above all that are applied.';
    return [problemOf(file.file, { message, hint })];
  });
}
