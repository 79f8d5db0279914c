import { InvalidOptionsError } from '@ops/timeout/check';
import type { PendingMigration } from '../history/compare.ts';
import type { MigrationFile } from './source.ts';
import { compareVersions, normalizeVersion } from './version.ts';

/** Those of the directories up to and with a version, and all of packs. */
export function upTo(
  pending: readonly PendingMigration[],
  last: string | undefined,
): readonly PendingMigration[] {
  if (last === undefined) return pending;
  return pending.filter(
    ({ migration }) => migration.pack !== '' || compareVersions(migration.version, last) <= 0,
  );
}

/**
 * A version as files have it, without leading zeros.
 *
 * @param name of the call, and of the option where it is one, for the message.
 * @throws InvalidOptionsError when no file of the directories has it: after a slip of the pen `up`
 *   would stop too early or too late, and `baseline` record too much.
 */
export function knownVersion(
  name: string,
  version: string,
  files: readonly MigrationFile[],
): string {
  const own = files.filter(({ pack }) => pack === '');
  const known = normalizeVersion(version);
  if (known !== undefined && own.some((file) => file.version === known)) return known;
  const have = own.length === 0 ? 'there are no files' : `the last is ${own.at(-1)?.version}`;
  throw new InvalidOptionsError(`${name}: no file has the version '${version}' (${have})`);
}
