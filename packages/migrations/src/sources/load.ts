import { type FileProblem, SourceError } from '../errors.ts';
import { byVersion } from '../history/compare.ts';
import type { Migration } from '../migration.ts';
import { readDirectory, type Source } from './directory.ts';

/**
 * Reads all sources and puts their migrations in order.
 *
 * @throws SourceError with everything that is wrong in any of them.
 */
export async function loadSources(sources: readonly Source[]): Promise<readonly Migration[]> {
  const contents = await Promise.all(sources.map(readDirectory));
  const migrations = contents
    .flatMap((content) => content.migrations)
    .toSorted((a, b) => byVersion(a, b) || (a.name < b.name ? -1 : 1));
  const problems = [
    ...contents.flatMap((content) => content.problems),
    ...migrations.flatMap((migration, at): FileProblem[] => {
      const previous = migrations[at - 1];
      return previous?.version === migration.version ? [duplicate(previous, migration)] : [];
    }),
  ];
  if (problems.length > 0) throw new SourceError(problems);
  return migrations;
}

function duplicate(first: Migration, second: Migration): FileProblem {
  return {
    file: second.file,
    line: undefined,
    column: undefined,
    message: `has the version ${second.version}, as has ${first.file}`,
    hint: 'Give the newer of the two a version of its own, above all that are applied.',
  };
}
