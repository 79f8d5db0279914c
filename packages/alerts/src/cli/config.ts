import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Arguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_FILES = ['ops.config.ts', 'ops.config.mts', 'ops.config.js', 'ops.config.mjs'];
const EXAMPLE =
  'Write: export const options = { service: …, rules: …, … }; export const alerts = createAlerts(options);';

/** A module of the user. */
export interface Config {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** What `--config` names, or the first of the usual names in this folder. @throws UsageError */
export async function loadConfig(args: Arguments): Promise<Config> {
  const given = args.text('config');
  const file = given ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file === undefined) {
    throw new UsageError(`There is no ${DEFAULT_FILES[0]} here, and no --config`, EXAMPLE);
  }
  if (!existsSync(file)) throw new UsageError(`--config: there is no file ${file}`);
  try {
    const exports = (await import(pathToFileURL(resolve(file)).href)) as Config['exports'];
    return { file, exports };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be loaded: ${message}`, undefined, { cause: error });
  }
}

/** An export, or a promise of it, by name or as a property of the default export. @throws UsageError */
export async function exported({ file, exports }: Config, name: string): Promise<object> {
  const all = Object(exports['default']) as Readonly<Record<string, unknown>>;
  const value: unknown = await (exports[name] ?? all[name]);
  if (typeof value === 'object' && value !== null) return value;
  throw new UsageError(`${file} has no export named ${name}`, EXAMPLE);
}
