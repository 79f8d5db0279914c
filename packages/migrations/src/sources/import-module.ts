import { pathToFileURL } from 'node:url';
import type { CodeMigration } from '../code/define-migration.ts';

/**
 * Imports a migration module.
 *
 * @param version makes the module's address, so that an edited file is not taken from the cache of
 * modules of a process that has imported it before.
 * @throws what the module throws; Error when its default export is no migration.
 */
export async function importModule(path: string, version: string): Promise<CodeMigration> {
  const url = pathToFileURL(path);
  url.searchParams.set('version', version.slice(0, 16));
  const module = (await import(url.href)) as { readonly default?: Partial<CodeMigration> };
  const migration = module.default;
  if (migration?.kind !== 'migration') throw new Error('its default export is no migration');
  return migration as CodeMigration;
}
