import type { FileProblem } from '../errors.ts';
import type { Belonging } from './directory.ts';
import type { NamedFile } from './file-name.ts';
import { importModule } from './import-module.ts';
import { problemOf } from './problem.ts';
import { type FileText, readTexts } from './read-text.ts';
import type { DownFile, MigrationFile, SourceContents } from './source.ts';

/** A file whose name is right. */
export interface FoundFile extends NamedFile {
  /** Absolute. */
  readonly path: string;
  /** For people. */
  readonly file: string;
}

/** Reads the texts, and joins each down file to the file that it takes back. */
export async function readFound(
  found: readonly FoundFile[],
  belonging: Belonging,
): Promise<SourceContents> {
  const texts = await readTexts(found.map(({ path }) => path));
  const problems: FileProblem[] = [];
  const readable: (FoundFile & FileText)[] = [];
  for (const [at, file] of found.entries()) {
    const read = texts[at];
    if (read === undefined) continue;
    if ('text' in read) readable.push({ ...file, ...read });
    else problems.push({ ...problemOf(file.file, read), ...read.position });
  }
  const downs = new Map<string, DownFile>();
  const ups = new Set(found.flatMap(({ role, version }) => (role === 'up' ? [version] : [])));
  for (const { role, version, file, text } of readable) {
    if (role === 'up') continue;
    const problem = downProblem({ version, file }, ups, downs);
    if (problem === undefined) downs.set(version, { file, text });
    else problems.push(problem);
  }
  const files = readable
    .filter(({ role }) => role === 'up')
    .map((file) => fileOf(file, belonging, downs.get(file.version)));
  return { files, problems };
}

function fileOf(
  { version, name, file, kind, text, rawHash, path }: FoundFile & FileText,
  { pack, schema }: Belonging,
  down: DownFile | undefined,
): MigrationFile {
  const load = kind === 'code' ? () => importModule(path, rawHash) : undefined;
  return { pack, version, name, file, kind, text, rawHash, down, schema, when: undefined, load };
}

function downProblem(
  { version, file }: { readonly version: string; readonly file: string },
  ups: ReadonlySet<string>,
  downs: ReadonlyMap<string, DownFile>,
): FileProblem | undefined {
  const other = downs.get(version);
  if (other !== undefined) {
    return problemOf(file, {
      message: `takes back version ${version}, as does ${other.file}`,
      hint: 'Keep one of them.',
    });
  }
  if (ups.has(version)) return undefined;
  return problemOf(file, {
    message: `takes back version ${version}, which has no file`,
    hint: 'Bring the up file back, or delete this one. A down file never runs as a migration.',
  });
}
