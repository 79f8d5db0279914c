import { existsSync } from 'node:fs';
import type { MigratorOptions } from '../options.ts';
import { directory } from '../sources/directory.ts';
import type { Source } from '../sources/source.ts';
import type { Arguments } from './arguments.ts';
import type { Output } from './output.ts';
import { UsageError } from './usage-error.ts';

/** Looked for in this order. */
export const DEFAULT_FOLDERS: readonly string[] = [
  'supabase/migrations',
  'migrations',
  'db/migrations',
];

/**
 * Where migrations come from: `--dir` in the place of the directories of the configuration, whose packs stay; without either,
 * the first default folder that there is, which is said.
 *
 * @throws UsageError when there is none.
 */
export function chooseSources(
  args: Arguments,
  config: Partial<MigratorOptions>,
  output: Output,
): readonly Source[] {
  const given = args.list('dir');
  const configured = config.sources ?? [];
  if (given.length > 0) return withDirectories(configured, given);
  if (configured.length > 0) return configured;
  const found = DEFAULT_FOLDERS.find((folder) => existsSync(folder));
  if (found === undefined) throw noFolder();
  output.warn([`Using ${found} (no --dir given)`]);
  return [directory(found)];
}

function withDirectories(configured: readonly Source[], folders: readonly string[]): Source[] {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new UsageError(`--dir: there is no folder ${missing}`);
  const place = configured.findIndex(({ kind }) => kind === 'directory');
  const isPack = ({ kind }: Source): boolean => kind === 'pack';
  const before = place === -1 ? configured : configured.slice(0, place).filter(isPack);
  const after = place === -1 ? [] : configured.slice(place).filter(isPack);
  return [...before, ...folders.map((folder) => directory(folder)), ...after];
}

function noFolder(): UsageError {
  return new UsageError(
    `There is no folder of migrations in ${process.cwd()}: no ${DEFAULT_FOLDERS.join(', no ')}`,
    'Say where it is: --dir FOLDER. A first file is made by: ops-migrate new <name>',
  );
}
