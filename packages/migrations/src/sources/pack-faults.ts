import { normalizeVersion } from './version.ts';

/** What {@link isPackSchema} takes, in words. */
export const PACK_SCHEMA =
  'a schema name of 1 to 63 bytes without quotes, backslash, $, * and control characters';

/** `{{schema}}` may stand inside a literal or comment, so a name must not be able to end one. */
export function isPackSchema(value: unknown): boolean {
  return (
    typeof value === 'string' && /^[^'"\\$*\p{Cc}]+$/u.test(value) && Buffer.byteLength(value) <= 63
  );
}

/** Everything that is wrong with what a library calls its pack. Its texts are not shown. */
export function faultsOfPack(definition: unknown): string[] {
  if (!isObject(definition)) return ['expected { name, migrations, schema? }'];
  const { name, schema, migrations } = definition;
  const faults = unknownKeys(definition, ['name', 'schema', 'migrations', 'queries'], '');
  if (typeof name !== 'string' || !/^[\w@][\w@./-]{0,99}$/.test(name)) {
    faults.push('name: expected 1 to 100 letters, digits, _, -, ., / and @');
  }
  if (schema !== undefined && !isPackSchema(schema)) faults.push(`schema: expected ${PACK_SCHEMA}`);
  if (migrations instanceof URL) {
    if (migrations.protocol !== 'file:')
      faults.push('migrations: expected a file: URL of a folder');
  } else if (Array.isArray(migrations) && migrations.length > 0) {
    faults.push(...migrations.flatMap(faultsOfMigration), ...repeatedVersions(migrations));
  } else {
    faults.push('migrations: expected an array with at least one migration, or a file: URL');
  }
  return faults;
}

function faultsOfMigration(migration: unknown, at: number): string[] {
  const where = `migrations[${at}]`;
  if (!isObject(migration)) return [`${where}: expected { version, name, sql }`];
  const { version, name, sql, down, when } = migration;
  const faults = unknownKeys(migration, ['version', 'name', 'sql', 'down', 'when'], `${where}.`);
  if (typeof version !== 'string' || normalizeVersion(version) === undefined) {
    faults.push(`${where}.version: expected digits in a string`);
  }
  if (typeof name !== 'string' || name.includes('\0'))
    faults.push(`${where}.name: expected a string without NUL`);
  if (typeof sql !== 'string') faults.push(`${where}.sql: expected a string`);
  if (down !== undefined && typeof down !== 'string')
    faults.push(`${where}.down: expected a string`);
  if (when !== undefined && !isApplicability(when)) {
    faults.push(`${where}.when: expected { table: string, columns?: string[] }`);
  }
  return faults;
}

/** A misspelt `when` or `down` must not pass for one that is left out. */
function unknownKeys(value: object, known: readonly string[], path: string): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${path}${key}: no such key (there are ${known.join(', ')})`);
}

function repeatedVersions(migrations: readonly unknown[]): string[] {
  const versions = migrations.flatMap((migration) => {
    const version = isObject(migration) ? migration['version'] : undefined;
    return typeof version === 'string' ? [normalizeVersion(version) ?? version] : [];
  });
  return [...new Set(versions.filter((version, at) => versions.indexOf(version) < at))].map(
    (version) => `migrations: the version ${version} is there twice`,
  );
}

function isApplicability(when: unknown): boolean {
  if (!isObject(when) || typeof when['table'] !== 'string') return false;
  if (unknownKeys(when, ['table', 'columns'], '').length > 0) return false;
  const { columns } = when;
  return (
    columns === undefined ||
    (Array.isArray(columns) && columns.every((column) => typeof column === 'string'))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
