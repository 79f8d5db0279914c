import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MigratorOptions } from '../options.ts';
import type { Arguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

/**
 * The default export of the module that `--config` names: options of `createMigrator`, all of them
 * optional here. Without `--config`, none.
 *
 * @throws UsageError when it cannot be imported or exports something else.
 */
export async function loadConfig(args: Arguments): Promise<Partial<MigratorOptions>> {
  const file = args.text('config');
  if (file === undefined) return {};
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`--config: there is no file ${file}`);
  const config = await importDefault(path, file);
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
    return withSourceList(config, file);
  }
  throw new UsageError(
    `--config: ${file} has no options as its default export`,
    "Write: export default { sources: [directory('migrations')] } satisfies Partial<MigratorOptions>;",
  );
}

/** Otherwise a single source, or an empty list, would pass for none, and a default folder be taken. */
function withSourceList(config: Partial<MigratorOptions>, file: string): Partial<MigratorOptions> {
  const { sources } = config;
  if (sources === undefined || (Array.isArray(sources) && sources.length > 0)) return config;
  throw new UsageError(
    `--config: ${file}: sources: expected an array with at least one directory(…) or pack(…)`,
    "Write: sources: [directory('migrations')]. Without sources, --dir or a default folder is used.",
  );
}

async function importDefault(path: string, file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    return await module.default;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: ${file} cannot be loaded: ${message}`, undefined, {
      cause: error,
    });
  }
}
