import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Cleanup } from '../cleanup.ts';
import type { Arguments } from './arguments.ts';
import { errorMessage } from './error-message.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_FILES = ['ops.config.ts', 'ops.config.mts', 'ops.config.js', 'ops.config.mjs'];
const EXAMPLE = 'Write: export const cleanup = createCleanup({ pool, policies: { … } });';

/** What a command calls of the configuration's cleanup. */
export type Verb = 'plan' | 'run' | 'stream' | 'status' | 'undo' | 'restore' | 'stop' | 'doctor';

/**
 * The cleanup that the configuration exports as `cleanup`, by itself or as a property of its default
 * export; it may be a promise.
 *
 * @throws UsageError
 */
export async function loadCleanup(args: Arguments, verb: Verb): Promise<Cleanup> {
  const given = args.text('config');
  const file = given ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file === undefined) {
    throw new UsageError(`There is no ${DEFAULT_FILES[0]} here, and no --config`, EXAMPLE);
  }
  if (!existsSync(file)) throw new UsageError(`--config: there is no file ${file}`);
  const exports = await load(file);
  const all = Object(exports['default']) as Readonly<Record<string, unknown>>;
  const value: unknown = await (exports['cleanup'] ?? all['cleanup']);
  if (typeof value !== 'object' || value === null) {
    throw new UsageError(`${file} has no export named cleanup`, EXAMPLE);
  }
  // Not by a class: the configuration may have brought another copy of this package.
  if (typeof Reflect.get(value, verb) !== 'function') {
    throw new UsageError(`${file}: cleanup is not what createCleanup() gives: no ${verb}()`);
  }
  return value as Cleanup;
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${errorMessage(error)}`, undefined, {
      cause: error,
    });
  }
}
