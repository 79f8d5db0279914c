import { type Dirent, lstatSync, type Stats, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileProblem } from '../errors.ts';
import { readFileName, readFolderName } from './file-name.ts';
import { problemOf } from './problem.ts';
import { type FoundFile, readFound } from './read-found.ts';
import type { DirectorySource, SourceContents } from './source.ts';

/**
 * A folder of migrations: `<digits>_<name>.sql` (also `<digits>-<name>.sql` and `<digits>.sql`), pairs
 * of `….up.sql` and `….down.sql`, Flyway's `V1.2__<name>.sql` and `U1.2__<name>.sql`, Prisma's
 * folders `<digits>_<name>/migration.sql`, and modules `<digits>_<name>.ts`, `.mts`, `.js` or `.mjs`.
 * The digits are the version, compared as a number.
 *
 * Nothing is read until a method is called. Any other `.sql` name is an error, as is a module whose
 * name begins with a digit; names that begin with a dot, other sub-folders and other endings are
 * passed over.
 *
 * @param path relative to the working directory at this call; a `file:` URL is independent of it.
 */
export function directory(path: string | URL): DirectorySource {
  return {
    kind: 'directory',
    path: resolve(typeof path === 'string' ? path : fileURLToPath(path)),
  };
}

/** Whose files they are. */
export interface Belonging {
  /** Empty for files of the application. */
  readonly pack: string;
  /** What stands for `{{schema}}`. */
  readonly schema: string | undefined;
}

/** Reads a folder. Never rejects because of what is in it; that becomes problems. */
export async function readDirectory(
  { path }: Pick<DirectorySource, 'path'>,
  belonging: Belonging = { pack: '', schema: undefined },
): Promise<SourceContents> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    return { files: [], problems: [folderProblem(path, error)] };
  }
  const found: FoundFile[] = [];
  const problems: FileProblem[] = [];
  const shownFolder = displayPath(path); // once: it resolves two paths from the root
  // Not by locale: the order of messages must not depend on the machine.
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const own = entry.isSymbolicLink() ? kindAt(join(path, entry.name)) : kindOf(entry);
    const isFolder = own === 'folder';
    const name = isFolder ? readFolderName(entry.name) : readFileName(entry.name);
    if (name.role === 'other') continue;
    const inFolder = isFolder ? join(entry.name, 'migration.sql') : entry.name;
    const [fullPath, file] = [join(path, inFolder), join(shownFolder, inFolder)];
    if (name.role === 'misnamed') problems.push(problemOf(file, name));
    else {
      const kind = isFolder ? kindAt(fullPath) : own;
      if (kind === 'special') problems.push(problemOf(file, SPECIAL));
      else if (kind !== 'absent') found.push({ ...name, path: fullPath, file });
    }
  }
  const contents = await readFound(found, belonging);
  return { files: contents.files, problems: [...problems, ...contents.problems] };
}

const SPECIAL = {
  message: 'is a pipe, a socket or a device, not a file',
  hint: 'Put a file in its place. Reading it could wait for ever.',
};

type Kind = 'file' | 'folder' | 'special' | 'absent';

/** What lies there, links followed. Regular entries need no look. */
function kindAt(path: string): Kind {
  try {
    const isAbsent = lstatSync(path, { throwIfNoEntry: false }) === undefined;
    return isAbsent ? 'absent' : kindOf(statSync(path));
  } catch {
    return 'file'; // a link to nothing, or no right to look: reading it tells which
  }
}

function kindOf(found: Dirent | Stats): Kind {
  return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'special';
}

function folderProblem(path: string, error: unknown): FileProblem {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  const message =
    reason === 'ENOENT' ? 'there is no such folder' : `cannot be read as a folder (${reason})`;
  const hint = `Looked from the working directory ${process.cwd()}; directory(new URL('./migrations', import.meta.url)) does not depend on it.`;
  return problemOf(displayPath(path), { message, hint });
}

function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}
