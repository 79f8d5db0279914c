import { nodeFileSystem } from '../archive/file-system.ts';
import { findLeftFiles } from '../archive/sweep-files.ts';
import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination } from './examination.ts';
import { figure, finding } from './finding.ts';
import { grouped } from './subjects.ts';

/** Directories of archives, as this host sees them. */
export function examineArchives({ subjects, settings }: Case): readonly Examination[] {
  const directories = grouped(
    subjects.flatMap(({ policy, settings: { outcome } }) => {
      if (outcome.type !== 'archive' || outcome.target.kind !== 'archive-files') return [];
      const { directory } = outcome.target.description;
      // A sink of one's own has none, and says nothing of what it keeps.
      return typeof directory === 'string' ? [[directory, directory, policy] as const] : [];
    }),
  );
  return directories.map(({ thing: directory, policies }) => ({
    of: `the archive files in ${directory}`,
    examine: (query: Query) => examine(query, settings.history.schema, directory, policies),
  }));
}

async function examine(
  query: Query,
  schema: string,
  directory: string,
  policies: readonly string[],
): Promise<readonly CleanupFinding[]> {
  const problem = await nodeFileSystem.problemOfDirectory(directory);
  if (problem !== undefined) {
    return [
      finding({
        code: 'archive',
        severity: 'error',
        policies,
        message: `The directory ${directory} cannot be used: ${problem}`,
        remedy:
          'Make it, or let the user of the runner write there; the doctor must run where the runner does',
      }),
    ];
  }
  const [row] = await query(
    `select (to_regclass($1) is not null and to_regclass($2) is not null)::text as is_there`,
    ['runs', 'manifest'].map((name) => `${quoteIdentifier(schema)}.${name}`),
  );
  if (row?.['is_there'] !== 'true') return [];
  const left = await findLeftFiles(query, schema, directory, nodeFileSystem);
  if (left.length === 0) return [];
  const garbage = left.filter(({ committed }) => committed === 0).length;
  return [
    finding({
      code: 'archive',
      severity: 'warn',
      policies,
      message: `${figure(left.length)} files in ${directory} were left open by runs that were killed; ${figure(garbage)} of them hold nothing that was committed`,
      remedy: 'The next run that archives there keeps what was committed, and removes the rest',
    }),
  ];
}
