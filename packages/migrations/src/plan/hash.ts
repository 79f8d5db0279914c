import { createHash } from 'node:crypto';
import type { PendingMigration } from '../history/compare.ts';
import { hashSteps } from '../migration.ts';

/** What of a pending migration a plan depends on. */
export type Planned = Pick<PendingMigration, 'migration' | 'stepsDone'>;

/** One fingerprint for all that would be run, in its order. */
export function hashPlan(pending: readonly Planned[]): string {
  const facts = pending.map(({ migration, stepsDone }) => {
    const { pack, version, hash, steps } = migration;
    return [pack, version, hash, hashSteps(migration, steps.length), stepsDone];
  });
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
