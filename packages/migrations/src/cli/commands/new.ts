import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readFileName } from '../../sources/file-name.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadConfig } from '../config.ts';
import { DEFAULT_FOLDERS } from '../sources.ts';
import { UsageError } from '../usage-error.ts';

/** In UTF-8. File systems take names of 255 bytes; version and ending need 25 of them. */
const MOST_BYTES = 200;
/** A version that lies further ahead is not what the next one is counted from; see `findFarFuture`. */
const FAR_MS = 2 * 86_400_000;
const LONGEST_NAME = 100;

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, now } = context;
  const name = nameOf(args.operands[0] ?? '');
  const folder = await chooseFolder(context);
  const version = nextVersion(await listFolder(folder), now());
  const title = name.replaceAll('_', ' ');
  const files: readonly (readonly [string, string])[] = args.has('down')
    ? [
        [`${version}_${name}.up.sql`, `-- ${title}\n\n`],
        [`${version}_${name}.down.sql`, `-- takes back: ${title}\n\n`],
      ]
    : [[`${version}_${name}.sql`, `-- ${title}\n\n`]];
  const paths: string[] = [];
  for (const [file, text] of files) {
    const path = join(folder, file);
    await writeFile(path, text, { flag: 'wx' }).catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    paths.push(path);
  }
  return { summary: { version, files: paths }, lines: paths.map((path) => `Made ${path}`) };
}

/** Letters and digits of any script, in lower case, with _ between the words. */
function nameOf(text: string): string {
  const name = text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
    .normalize('NFC');
  if (name === '') {
    throw new UsageError(
      `ops-migrate new: '${text}' has no letters or digits`,
      'Say what the migration does: ops-migrate new add_plans',
    );
  }
  const characters = Array.from(name).slice(0, LONGEST_NAME);
  while (Buffer.byteLength(characters.join('')) > MOST_BYTES) characters.pop();
  return characters.join('');
}

/** Makes it when it is not there. @throws UsageError */
async function listFolder(folder: string): Promise<string[]> {
  try {
    await mkdir(folder, { recursive: true });
    return await readdir(folder);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

function cannotWrite(path: string, error: unknown): UsageError {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  return new UsageError(
    `ops-migrate new: ${path} cannot be made (${reason})`,
    'Look at --dir and its permissions. A file that somebody else has made meanwhile is kept: run it again.',
    { cause: error },
  );
}

async function chooseFolder({ args, output }: CommandContext): Promise<string> {
  const [given] = args.list('dir');
  if (given !== undefined) return given;
  const { sources = [] } = await loadConfig(args);
  const configured = sources.find((source) => source.kind === 'directory');
  if (configured !== undefined) return relative(process.cwd(), configured.path);
  const folder = DEFAULT_FOLDERS.find((each) => existsSync(each)) ?? 'migrations';
  output.warn([`Using ${folder} (no --dir given)`]);
  return folder;
}

/**
 * The time in UTC; a second after the newest version when that is as late: two files made in one second, or
 * by a machine whose clock is ahead, stay in the order of their making.
 */
function nextVersion(files: readonly string[], nowMs: number): string {
  const [now, far] = [digitsOf(nowMs), digitsOf(nowMs + FAR_MS)];
  const newest = files
    .flatMap((file) => {
      const name = readFileName(file);
      return name.role === 'up' || name.role === 'down' ? [name.version] : [];
    })
    .filter((version) => version.length === now.length && version < far)
    .toSorted()
    .at(-1);
  return newest === undefined || newest < now ? now : digitsOf(timeOf(newest) + 1_000);
}

function digitsOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/** The reverse. What is no time, such as a 99th second, is carried over. */
function timeOf(digits: string): number {
  const [year, month, day, hour, minute, second] = [
    digits.slice(0, 4),
    ...(digits.slice(4).match(/../g) ?? []),
  ].map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
