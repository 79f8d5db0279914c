import { basename, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileName } from '../sources/file-name.ts';
import { readSources } from '../sources/load.ts';
import { readTexts } from '../sources/read-text.ts';
import { readSections } from '../sources/sections.ts';
import { keyOf, type MigrationFile, type Source } from '../sources/source.ts';
import type { Position } from '../sql/position.ts';
import type { LintFile } from './options.ts';

/** One file to be looked at, in the order in which it would be run. */
export interface LintInput {
  readonly file: string;
  /** Undefined for a file that was named without its folder, and for packs' own versions. */
  readonly version: string | undefined;
  readonly pack: string;
  /** The whole text, for excerpts and suppressions. */
  readonly text: string;
  /** What is to be run, at the same places. Undefined for a module. */
  readonly sql: string | undefined;
  /** Each statement has a transaction of its own. */
  readonly separate: boolean;
  readonly problems: readonly InputProblem[];
}

interface InputProblem {
  readonly rule: 'ignored-file-name' | 'duplicate-version' | 'unusable-file';
  readonly message: string;
  readonly hint: string;
  /** UTF-16 offset into the text, when a place in it is meant. */
  readonly offset?: number | undefined;
  /** The same, of a file that has no text. */
  readonly position?: Position | undefined;
}

/** Reads sources as `up` would. What it would refuse becomes problems, and never an error. */
export async function readSourceInputs(sources: readonly Source[]): Promise<LintInput[]> {
  const { files, problems } = await readSources(sources);
  const byFile = Map.groupBy(problems, ({ file }) => file);
  const shared = new Set(
    files.flatMap((file, at) => (isRepeat(file, files[at - 1]) ? [file.file] : [])),
  );
  const inputs = files.map((file): LintInput => {
    const input = fromText(file.file, file.text, file.kind === 'sql', file.schema);
    const own = (byFile.get(file.file) ?? []).map(({ message, hint }): InputProblem => {
      const isDuplicate = shared.has(file.file) && message.startsWith('has the version');
      return { rule: isDuplicate ? 'duplicate-version' : 'unusable-file', message, hint };
    });
    byFile.delete(file.file);
    return {
      ...input,
      version: file.version,
      pack: file.pack,
      problems: [...own, ...input.problems],
    };
  });
  const unread = [...byFile].map(([file, list]): LintInput => {
    const rule =
      readFileName(basename(file)).role === 'misnamed' ? 'ignored-file-name' : 'unusable-file';
    return {
      ...fromText(file, '', false),
      problems: list.map(({ message, hint, line, column }) => {
        const position = line && column ? { line, column } : undefined;
        return { rule, message, hint, position };
      }),
    };
  });
  return [...inputs, ...unread];
}

/** @param previous in order, so that files with one version are neighbours. */
function isRepeat(file: MigrationFile, previous: MigrationFile | undefined): boolean {
  return previous !== undefined && keyOf(previous) === keyOf(file);
}

/** Reads files one by one, in the order given; their names are not judged. */
export async function readFileInputs(
  files: readonly (string | URL | LintFile)[],
): Promise<LintInput[]> {
  const paths = files.map((each) =>
    typeof each === 'string'
      ? resolve(each)
      : each instanceof URL
        ? fileURLToPath(each)
        : undefined,
  );
  const texts = await readTexts(paths.flatMap((path) => path ?? []));
  return files.map((each, at) => {
    const path = paths[at];
    if (path === undefined) {
      const { file, text } = each as LintFile;
      return fromText(file, text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n'), true);
    }
    const read = texts.shift();
    const file = displayPath(path);
    if (read && 'text' in read) return fromText(file, read.text, true);
    const problems: InputProblem[] = read ? [{ rule: 'unusable-file', ...read }] : [];
    return { ...fromText(file, '', false), problems };
  });
}

function fromText(file: string, text: string, isSql: boolean, schema?: string): LintInput {
  const versioned = readFileName(basename(file));
  const version = 'version' in versioned ? versioned.version : undefined;
  const base = { file, version, pack: '', text, separate: false, problems: [] };
  if (!isSql) return { ...base, sql: undefined };
  // Ten characters for ten, so that places stay right.
  const plain = schema === undefined ? text : text.replaceAll('{{schema}}', PLACEHOLDER);
  const sections = readSections(plain);
  if ('offset' in sections)
    return { ...base, sql: plain, problems: [{ rule: 'unusable-file', ...sections }] };
  return { ...base, sql: sections.up, separate: sections.noTransaction };
}

/** Stands for a pack's schema while linting: `{{schema}}` is not SQL. */
const PLACEHOLDER = 'schema_own';

function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}
