import { type FileProblem, type MigrationError, SourceError } from '../errors.ts';
import { problemOf } from '../sources/problem.ts';
import type { Pair } from './compare.ts';

/** Clocks of developers are in other time zones, and may be wrong by a little. */
const MARGIN_MS = 2 * 24 * 3_600_000;

/**
 * Versions of 14 digits are times. One that lies in the future, `99999999999999` above all, would put
 * every later file out of order.
 *
 * @param nowMs since 1970.
 */
export function findFarFuture(pending: readonly Pair[], nowMs: number): MigrationError[] {
  const latest = digitsOf(nowMs + MARGIN_MS);
  const problems = pending.flatMap(({ migration, row }): FileProblem[] => {
    const { version, file } = migration;
    if (row !== undefined || version.length !== 14 || version <= latest) return [];
    const message = `has the version ${version}, a time that lies in the future`;
    const hint = `Rename it to the time at which it was made, such as ${digitsOf(nowMs)}. Once applied, it would put every later file out of order.`;
    return [problemOf(file, { message, hint })];
  });
  return problems.length > 0 ? [new SourceError(problems)] : [];
}

/** In UTC, as `20250201123000`. */
function digitsOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
