import { InvalidOptionsError } from '@ops/timeout';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ArchiveCheck, ArchiveTarget } from '../batch/action.ts';
import { inTransaction, type TransactionLimits } from '../database.ts';
import { parseIdentifierPath, quoteIdentifier } from '../identifier.ts';
import { nextSeq } from './manifest.ts';
import { createTableAction } from './table-action.ts';
import { checkTables, makeTables, resolveTables, type TableNames } from './table-names.ts';

/** Options of {@link toTable}. */
export interface ToTableOptions {
  /**
   * Makes the archive tables that are missing when a run comes to the policy, and their schema: the
   * columns of the table, and three of its own. Otherwise the policy is refused, with the SQL that
   * makes them.
   * @default true
   */
  readonly create?: boolean | undefined;
  /**
   * Where rows go that are deleted along with the table's, by a foreign key that cascades: their
   * table (`'steps'`, `'public.steps'`) to its archive.
   *
   * Default: into the schema of the archive, by its name, `_` and their table's.
   */
  readonly children?: Readonly<Record<string, string>> | undefined;
}

const children = z.record(z.string(), z.string('expected the name of a table'), {
  error: 'expected an object of archive tables by table',
});
const schema = z.strictObject({
  create: z.boolean('expected true or false').default(true),
  children: children.optional(),
} satisfies Shape<ToTableOptions>);

const LIMITS: TransactionLimits = {
  lockTimeoutMs: 2_000,
  statementTimeoutMs: 10_000,
  access: 'read write',
};

/**
 * Archives rows to a table, `'table'` or `'schema.table'`, in the statement that deletes them: a row
 * is in one of the two tables whatever happens. So are the rows that foreign keys cascade to.
 *
 * The archive has the columns of the table, found by name, of the same types, and may have more.
 * `archive_run_id`, `archive_seq` and `archived_at` say which run archived a row; `restore()` needs
 * them. A column that the table has got since must be added to the archive; the plan says so.
 *
 * @throws InvalidOptionsError at once when a name or an option is wrong.
 */
export function toTable(table: string, options: ToTableOptions = {}): ArchiveTarget {
  const names = parsed(table, options);
  const { create } = names;
  return {
    kind: 'archive-table',
    description: {
      table: names.table,
      create,
      children: JSON.stringify([...names.children].map((pair) => pair.join(' ')).toSorted()),
    },
    async check(query, context): Promise<ArchiveCheck> {
      return checkTables(query, await resolveTables(query, context, names), names);
    },
    async preview(query, context) {
      const { archives } = await resolveTables(query, context, names);
      return createTableAction(context, archives, 0);
    },
    open: (context) =>
      inTransaction(context.database, LIMITS, async (query) => {
        const { archives } = await resolveTables(query, context, names);
        const ready = create ? await makeTables(query, archives) : archives;
        const seq = await nextSeq(query, context.historySchema, context.runId ?? '');
        return createTableAction(context, ready, seq);
      }),
  };
}

function parsed(table: string, options: ToTableOptions): TableNames {
  const { create, children: given } = parseOptions(schema, options, { of: 'toTable' });
  return {
    table: tableName(table, 'table'),
    create,
    children: new Map(
      Object.entries(given ?? {}).map(([child, archive]) => [
        tableName(child, 'children'),
        tableName(archive, `children.${child}`),
      ]),
    ),
  };
}

/** Quoted, however it was written. */
function tableName(path: unknown, option: string): string {
  try {
    if (typeof path !== 'string') throw new TypeError('no text');
    const parts = parseIdentifierPath(path);
    if (parts.length > 2) throw new TypeError('too many parts');
    return parts.map(quoteIdentifier).join('.');
  } catch (error) {
    throw new InvalidOptionsError(
      `toTable: ${option}: expected 'table' or 'schema.table', each name at most 63 bytes, got ${JSON.stringify(path)}`,
      { cause: error },
    );
  }
}
