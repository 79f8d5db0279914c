import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileProblem } from '../errors.ts';
import type { Migration } from '../migration.ts';
import { parseMigration } from './parse-migration.ts';

/** Where migrations come from. Made by {@link directory}. */
export interface Source {
  readonly kind: 'directory';
  /** Absolute. */
  readonly path: string;
}

/** What a source has: migrations in no particular order, and what is wrong with the others. */
export interface SourceContents {
  readonly migrations: readonly Migration[];
  readonly problems: readonly FileProblem[];
}

/**
 * A folder of `<digits>_<name>.sql` files. The digits are the version, compared as a number.
 *
 * Nothing is read until `up`, `status` or `assertCurrent`. Sub-folders, files that do not end in
 * `.sql` and names that begin with a dot are passed over; any other `.sql` name is an error.
 *
 * @param path relative to the working directory at this call; a `file:` URL is independent of it.
 */
export function directory(path: string | URL): Source {
  return {
    kind: 'directory',
    path: resolve(typeof path === 'string' ? path : fileURLToPath(path)),
  };
}

const FILE_NAME = /^(\d+)_(.+)\.sql$/;
const NAME_HINT = 'Name it <digits>_<name>.sql, for example 20250201000000_add_plans.sql.';

/** Reads a folder. Never rejects because of what is in it; that becomes problems. */
export async function readDirectory(source: Source): Promise<SourceContents> {
  let names: string[];
  try {
    const entries = await readdir(source.path, { withFileTypes: true });
    names = entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
  } catch (error) {
    return { migrations: [], problems: [folderProblem(source, error)] };
  }
  const migrations: Migration[] = [];
  const problems: FileProblem[] = [];
  for (const name of names.filter((each) => /^[^.].*\.sql$/i.test(each)).toSorted()) {
    const result = await readMigration(source, name);
    if ('steps' in result) migrations.push(result);
    else problems.push(result);
  }
  return { migrations, problems };
}

async function readMigration(source: Source, fileName: string): Promise<Migration | FileProblem> {
  const file = displayPath(join(source.path, fileName));
  const problem = (message: string, hint: string): FileProblem => {
    return { file, line: undefined, column: undefined, message, hint };
  };
  const [, digits, name] = FILE_NAME.exec(fileName) ?? [];
  if (digits === undefined || name === undefined) {
    return problem('the name does not say its version, so the file would be ignored', NAME_HINT);
  }
  if (/\.(?:up|down)$/.test(name)) {
    return problem(
      'up/down pairs are not supported, and a down file must never run as a migration',
      'Keep the up file under a name without .up, and keep the down file elsewhere.',
    );
  }
  const version = digits.replace(/^0+(?=\d)/, '');
  try {
    return parseMigration({ version, name, file }, await readFile(join(source.path, fileName)));
  } catch (error) {
    return problem(`cannot be read (${reasonOf(error)})`, 'Check the file and its permissions.');
  }
}

function folderProblem(source: Source, error: unknown): FileProblem {
  const reason = reasonOf(error);
  return {
    file: displayPath(source.path),
    line: undefined,
    column: undefined,
    message:
      reason === 'ENOENT' ? 'there is no such folder' : `cannot be read as a folder (${reason})`,
    hint: `Looked from the working directory ${process.cwd()}; directory(new URL('./migrations', import.meta.url)) does not depend on it.`,
  };
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}
