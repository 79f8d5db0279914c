import { InvalidOptionsError } from '@ops/timeout/check';
import type { PendingMigration } from '../history/compare.ts';
import { compareVersions, normalizeVersion } from './version.ts';

/**
 * Those of the directories up to and with a version, and all of packs.
 *
 * @throws InvalidOptionsError when it is no version.
 */
export function upTo(
  pending: readonly PendingMigration[],
  to: string | undefined,
): readonly PendingMigration[] {
  if (to === undefined) return pending;
  const last = typeof to === 'string' ? normalizeVersion(to) : undefined;
  if (last === undefined) throw new InvalidOptionsError(`up: to: expected a version, got '${to}'`);
  return pending.filter(
    ({ migration }) => migration.pack !== '' || compareVersions(migration.version, last) <= 0,
  );
}
