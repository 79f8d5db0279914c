import { labelOf } from '../../errors.ts';
import { parseMigration } from '../../sources/parse-migration.ts';
import type { MigrationFile } from '../../sources/source.ts';
import { compareVersions } from '../../sources/version.ts';
import type { Adopted } from './match.ts';
import type { Tool } from './tool.ts';

const DAY_MS = 86_400_000;
const SHOWN = 5;
const WAY_OUT = 'the line -- ops: out-of-order in the file, or up({ allowOutOfOrder: true })';

/**
 * What the order of versions will ask of files that are not applied yet. Most tools apply whatever is
 * missing; we do not without being told.
 *
 * @param nowMs milliseconds since 1970.
 */
export function orderNotes(
  adopted: readonly MigrationFile[],
  pending: readonly MigrationFile[],
  nowMs: number,
): string[] {
  const newest = adopted.at(-1);
  if (newest === undefined) return [];
  const late = pending.filter(
    (file) => compareVersions(file.version, newest.version) < 0 && !allowsAnyOrder(file),
  );
  const names = late.slice(0, SHOWN).map(labelOf);
  const rest = late.length > SHOWN ? ` and ${late.length - SHOWN} more` : '';
  const isAhead = /^\d{14}$/.test(newest.version) && newest.version > digitsOf(nowMs + DAY_MS);
  return [
    ...(late.length > 0
      ? [
          `Pending, but older than ${labelOf(newest)}, which is applied: ${names.join(', ')}${rest}. That takes ${WAY_OUT}.`,
        ]
      : []),
    ...(isAhead
      ? [
          `${labelOf(newest)} is applied and dated in the future: every file with a version of today comes before it and takes ${WAY_OUT}.`,
        ]
      : []),
  ];
}

/** Whether the file itself says that its place in the order does not matter. */
function allowsAnyOrder(file: MigrationFile): boolean {
  if (file.kind === 'code') return false;
  const parsed = parseMigration(file);
  return 'steps' in parsed && parsed.directives.outOfOrder;
}

/** A point in time as versions are commonly written: 20250201093000. */
function digitsOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/** What the tool does not know, and we therefore do not either. */
export function trustNotes({ name, trustNote }: Tool, adopted: readonly Adopted[]): string[] {
  if (adopted.length === 0) return [];
  return [
    ...(trustNote === undefined
      ? []
      : [`${trustNote}: that the files are what was applied is taken on trust.`]),
    ...(adopted.some(({ appliedAt }) => appliedAt === undefined)
      ? [`Where ${name} keeps no time, applied_at is the time of the adoption.`]
      : []),
  ];
}
