import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { InvalidOptionsError, readOptions } from '@ops/timeout/check';
import { type Belonging, readDirectory } from './directory.ts';
import { faultsOfPack, isPackSchema, PACK_SCHEMA } from './pack-faults.ts';
import type { MigrationFile, PackMigration, PackSource, SourceContents } from './source.ts';
import { normalizeVersion } from './version.ts';

/** Migrations that a library ships. A plain object: a library needs no import to make one. */
export interface Pack {
  /** Its history is kept under this name: letters, digits, `_`, `-`, `.`, `/` and `@`. */
  readonly name: string;
  /** Where its tables go unless the host says otherwise: stands for `{{schema}}`. @default 'public' */
  readonly schema?: string | undefined;
  /** The migrations themselves, or a `file:` URL of a folder, see `directory()`. */
  readonly migrations: readonly PackMigration[] | URL;
}

/** Options of {@link pack}. */
export interface PackOptions {
  /** Where the pack's tables go. @default the pack's own */
  readonly schema?: string | undefined;
}

/**
 * Checks a pack and gives it back.
 *
 * @throws InvalidOptionsError naming everything that is wrong with it.
 */
export function definePack(definition: Pack): Pack {
  const faults = faultsOfPack(definition);
  if (faults.length === 0) return definition;
  throw new InvalidOptionsError(`definePack: ${faults.join('; ')}`);
}

/**
 * Makes a pack a source. Its versions are its own: they cannot collide with the application's, nor
 * be out of order beside them.
 *
 * @throws InvalidOptionsError
 */
export function pack(definition: Pack, options: PackOptions = {}): PackSource {
  const { name, migrations, schema: ownSchema } = definePack(definition);
  const read = readOptions(`pack ${name}`, options);
  const chosen = read.value<string>('schema', PACK_SCHEMA, isPackSchema) ?? ownSchema ?? 'public';
  read.done();
  return { kind: 'pack', name, schema: chosen, migrations };
}

/** Reads a pack. Problems only come from a folder. */
export async function readPack({ name, schema, migrations }: PackSource): Promise<SourceContents> {
  const belonging = { pack: name, schema };
  if (migrations instanceof URL)
    return readDirectory({ path: fileURLToPath(migrations) }, belonging);
  return { files: migrations.map((each) => fileOf(each, belonging)), problems: [] };
}

function fileOf(migration: PackMigration, belonging: Belonging): MigrationFile {
  const { name, sql, down, when } = migration;
  const version = normalizeVersion(migration.version) ?? migration.version;
  const file = `${belonging.pack}/${migration.version}_${name}.sql`;
  const text = sql.replaceAll('\r\n', '\n');
  return {
    ...belonging,
    version,
    name,
    file,
    kind: 'sql',
    text,
    rawHash: hash('sha256', text),
    down:
      down === undefined
        ? undefined
        : { file: `${file} (down)`, text: down.replaceAll('\r\n', '\n') },
    when,
    load: undefined,
  };
}
