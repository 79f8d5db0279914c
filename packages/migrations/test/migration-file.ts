import type { Migration } from '../src/migration.ts';
import { parseMigration } from '../src/sources/parse-migration.ts';
import { textOf } from '../src/sources/read-text.ts';
import type { MigrationFile } from '../src/sources/source.ts';

/** A file `<version>_x.sql` as a source would give it. */
export function sqlFile(
  version: string,
  sql: string | Uint8Array,
  more: Partial<MigrationFile> = {},
): MigrationFile {
  return {
    pack: '',
    version,
    name: 'x',
    file: `${version}_x.sql`,
    kind: 'sql',
    ...textOf(typeof sql === 'string' ? Buffer.from(sql) : sql),
    down: undefined,
    schema: undefined,
    when: undefined,
    load: undefined,
    ...more,
  };
}

/** A file that has no problem, parsed. */
export function parsed(file: MigrationFile): Migration {
  const migration = parseMigration(file);
  if (!('steps' in migration)) throw new Error(migration.message);
  return migration;
}
