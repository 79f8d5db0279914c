import { type FileProblem, SourceError } from '../errors.ts';
import type { Migration } from '../migration.ts';
import { unresolvedCalls } from '../sql/procedures.ts';
import type { Statement } from '../sql/split.ts';
import { parseCode } from './parse-code.ts';
import { parseMigration } from './parse-migration.ts';
import type { MigrationFile } from './source.ts';

/** Tells which of the procedures that statements call end transactions. */
export type FindCommitting = (statements: readonly Statement[]) => Promise<ReadonlySet<string>>;

/** Files that mean the same whatever the database has. `up` asks before and under its lock. */
const parsedFiles = new WeakMap<MigrationFile, Migration>();

/**
 * Parses files, in their order; modules are imported.
 *
 * @param findCommitting is asked once, about files that call what they do not define themselves.
 * Without it, such calls are taken for calls that may be in a transaction.
 * @throws SourceError with the problems of all of them.
 */
export async function parseFiles(
  files: readonly MigrationFile[],
  findCommitting?: FindCommitting,
): Promise<Migration[]> {
  const parsed = await parseEach(files);
  const calling = parsed.filter(callsOthers);
  if (calling.length === 0 || findCommitting === undefined) return parsed;
  const statements = calling.flatMap((each) => [
    ...each.statements,
    ...(each.down?.statements ?? []),
  ]);
  return parseEach(files, await findCommitting(statements));
}

async function parseEach(
  files: readonly MigrationFile[],
  committing?: ReadonlySet<string>,
): Promise<Migration[]> {
  const migrations: Migration[] = [];
  const problems: FileProblem[] = [];
  for (const file of files) {
    const parsed = parsedFiles.get(file) ?? (await parseOne(file, committing));
    if ('steps' in parsed) migrations.push(parsed);
    else problems.push(parsed);
  }
  if (problems.length > 0) throw new SourceError(problems);
  return migrations;
}

async function parseOne(
  file: MigrationFile,
  committing: ReadonlySet<string> | undefined,
): Promise<Migration | FileProblem> {
  if (file.kind === 'code') return parseCode(file);
  const parsed = parseMigration(file, committing);
  if ('steps' in parsed && !callsOthers(parsed)) parsedFiles.set(file, parsed);
  return parsed;
}

/** Each part by itself: what one defines, the other may not have. */
function callsOthers({ statements, down }: Migration): boolean {
  return [statements, down?.statements ?? []].some((part) => unresolvedCalls(part).length > 0);
}
