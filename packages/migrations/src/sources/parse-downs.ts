import { type FileProblem, SourceError } from '../errors.ts';
import type { ParsedDown } from '../migration.ts';
import { unresolvedCalls } from '../sql/procedures.ts';
import { parseCode } from './parse-code.ts';
import type { FindCommitting } from './parse-files.ts';
import { parseDown } from './parse-migration.ts';
import type { MigrationFile } from './source.ts';

/**
 * What takes the files back, in their order. What they say otherwise is not looked at: it was applied
 * once, perhaps by another tool.
 *
 * @throws SourceError with the problems of all of them.
 */
export async function parseDowns(
  files: readonly MigrationFile[],
  findCommitting: FindCommitting,
): Promise<(ParsedDown | undefined)[]> {
  const downs = await parseEach(files);
  const statements = downs.flatMap((down) => down?.statements ?? []);
  if (unresolvedCalls(statements).length === 0) return downs;
  return parseEach(files, await findCommitting(statements));
}

async function parseEach(
  files: readonly MigrationFile[],
  committing?: ReadonlySet<string>,
): Promise<(ParsedDown | undefined)[]> {
  const downs: (ParsedDown | undefined)[] = [];
  const problems: FileProblem[] = [];
  for (const file of files) {
    const parsed = file.kind === 'code' ? await downOfCode(file) : parseDown(file, committing);
    if (parsed !== undefined && 'message' in parsed) problems.push(parsed);
    else downs.push(parsed);
  }
  if (problems.length > 0) throw new SourceError(problems);
  return downs;
}

async function downOfCode(file: MigrationFile): Promise<ParsedDown | FileProblem | undefined> {
  const parsed = await parseCode(file);
  return 'steps' in parsed ? parsed.down : parsed;
}
