import { createHash } from 'node:crypto';
import type { MigrationFile } from '../../sources/source.ts';
import { unfinished } from './adopt-problem.ts';
import { cutName } from './file-name.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { Difference, ForeignEntry, Tool } from './tool.ts';

interface Row {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_ms: string | null;
}

/**
 * Prisma Migrate. Knows a migration by its folder. A row that was rolled back counts for nothing; one
 * that never finished failed, until it is resolved.
 */
export const prisma: Tool = {
  name: 'prisma',
  schema: undefined,
  table: '_prisma_migrations',
  columns: ['migration_name', 'checksum', 'finished_at', 'rolled_back_at', 'started_at'],
  foreignColumns: [],
  trustNote: undefined,
  async read({ query, sql }) {
    const { rows } = await query<Row>(`
      select migration_name, checksum, ${millisecondsOf('finished_at')} as finished_ms
      from ${sql}
      where rolled_back_at is null
      order by started_at`);
    const problems = rows
      .filter(({ finished_ms }) => finished_ms === null)
      .map(({ migration_name }) =>
        unfinished(
          migration_name,
          'was begun and has not finished',
          `Put the database right, then: prisma migrate resolve --rolled-back ${migration_name} (or --applied)`,
        ),
      );
    const finished = rows.filter(({ finished_ms }) => finished_ms !== null);
    // resolve --applied adds a row beside one that is there.
    const entries = new Map(finished.map((row) => [row.migration_name, entryOf(row)]));
    return { entries: [...entries.values()], upTo: undefined, problems, notes: [] };
  },
};

function entryOf({ migration_name: label, checksum, finished_ms }: Row): ForeignEntry {
  return {
    label,
    ...cutName(label),
    appliedAt: dateOf(finished_ms),
    compare: (file) => compare(file, checksum),
  };
}

/** Prisma, too, accepts either kind of line end. The byte order mark counts for it. */
function compare({ text, rawHash }: MigrationFile, checksum: string): Difference | undefined {
  const wanted = checksum.toLowerCase();
  const hashes = [text, `\uFEFF${text}`].flatMap((each) => [
    sha256(each),
    sha256(each.replaceAll('\n', '\r\n')),
  ]);
  if ([rawHash, ...hashes].some((hash) => hash === wanted || unpadded(hash) === wanted)) {
    return undefined;
  }
  return { message: `has the checksum ${rawHash}, Prisma recorded ${checksum}`, offset: undefined };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** As early versions of Prisma wrote checksums: a byte below 16 as one digit. */
function unpadded(hash: string): string {
  return hash.replaceAll(/../g, (byte) => byte.replace(/^0/, ''));
}
