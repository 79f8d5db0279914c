import type { ActionContext, ArchiveCheck } from '../batch/action.ts';
import type { Query } from '../database.ts';
import { parseIdentifierPath, quoteIdentifier } from '../identifier.ts';
import type { Refusal } from '../plan.ts';
import {
  type ArchiveTable,
  archiveTableProblems,
  createArchiveTable,
  hasSchema,
  inspectArchiveTable,
  mayCreate,
} from './archive-table.ts';
import {
  type ArchivedTable,
  type ArchivedTables,
  archivedProblems,
  inspectArchived,
} from './archived-table.ts';

/** What was asked for, by name. */
export interface TableNames {
  /** Quoted. */
  readonly table: string;
  /** Archives by child, both quoted. */
  readonly children: ReadonlyMap<string, string>;
  readonly create: boolean;
}

/** The tables of a batch, and where each goes. */
export interface ResolvedTables {
  readonly from: ArchivedTables;
  /** In the order of the tables. */
  readonly archives: readonly ArchiveTable[];
  /** What is wrong with the names themselves. */
  readonly problems: readonly string[];
}

const NAME_MAX_BYTES = 63;

/** Looks up the archive of each table. Only reads. */
export async function resolveTables(
  query: Query,
  context: ActionContext,
  names: TableNames,
): Promise<ResolvedTables> {
  const from = await inspectArchived(query, context);
  const archives: ArchiveTable[] = [];
  const problems: string[] = [];
  for (const table of from.tables) {
    const path = archiveName(table, names);
    const name = parseIdentifierPath(path.text).at(-1) ?? '';
    if (path.isTooLong) {
      problems.push(
        `The name of the archive of ${table.sql} would be longer than ${NAME_MAX_BYTES} bytes; give it one by the option children`,
      );
    } else if (name !== '') {
      archives.push(await inspectArchiveTable(query, path.text, table));
    }
  }
  const unknown = [...names.children.keys()].filter(
    (child) => !from.tables.some((table) => table.place > 0 && isNamed(table, child)),
  );
  if (unknown.length > 0 && isWholeTable(context)) {
    problems.push(`No rows of ${unknown.join(', ')} are deleted along with those of the table`);
  }
  problems.push(...sharedArchives(archives));
  return { from, archives, problems };
}

/** Of a partitioned table one leaf may have children that another lacks. */
function isWholeTable({ leaf, table }: ActionContext): boolean {
  return leaf.sql === table;
}

function isNamed({ schema, name }: ArchivedTable, quoted: string): boolean {
  const own = quoteIdentifier(name);
  return quoted === own || quoted === `${quoteIdentifier(schema)}.${own}`;
}

function archiveName(
  table: ArchivedTable,
  { table: root, children }: TableNames,
): { readonly text: string; readonly isTooLong: boolean } {
  if (table.place === 0) return { text: root, isTooLong: false };
  const given = [...children].find(([child]) => isNamed(table, child));
  if (given) return { text: given[1], isTooLong: false };
  const parts = parseIdentifierPath(root);
  const name = `${parts.at(-1) ?? ''}_${table.name}`;
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) return { text: root, isTooLong: true };
  return {
    text: [...parts.slice(0, -1), name].map(quoteIdentifier).join('.'),
    isTooLong: false,
  };
}

function sharedArchives(archives: readonly ArchiveTable[]): readonly string[] {
  return archives.flatMap(({ sql, from }, index) => {
    const other = archives.slice(0, index).find((archive) => archive.sql === sql);
    return other
      ? [
          `${other.from.sql} and ${from.sql} would both go to ${sql}; give one of them another archive by the option children`,
        ]
      : [];
  });
}

/** What the plan says of them. */
export async function checkTables(
  query: Query,
  { from, archives, problems }: ResolvedTables,
  { create }: TableNames,
): Promise<ArchiveCheck> {
  const refusals: string[] = [...archivedProblems(from), ...problems];
  const warnings: string[] = [];
  for (const archive of archives) {
    const { sql, found } = archive;
    refusals.push(...archiveTableProblems(archive));
    if (found && !archive.isRestorable) {
      warnings.push(
        `${sql} lacks the columns archive_run_id uuid, archive_seq bigint, archived_at timestamptz: what is archived there cannot be restored by its run`,
      );
    }
    if (found) continue;
    if (!create) {
      refusals.push(`${sql} is not there; make it: ${createArchiveTable(archive).join('; ')}`);
    } else if (!(await mayCreate(query, archive))) {
      refusals.push(
        `${sql} is not there, and this role may not make it: ${createArchiveTable(archive).join('; ')}`,
      );
    } else {
      warnings.push(`${sql} is not there; the run makes it`);
    }
  }
  return { refusals: refusals.map((message): Refusal => ({ code: 'archive', message })), warnings };
}

/** Makes those that are missing. Takes the lock of a new table, which nobody can wait for. */
export async function makeTables(
  query: Query,
  archives: readonly ArchiveTable[],
): Promise<readonly ArchiveTable[]> {
  const ready: ArchiveTable[] = [];
  for (const archive of archives) {
    if (!archive.found) {
      // Not "if not exists", which asks for the right to create schemas even where there is one.
      if (!(await hasSchema(query, archive))) {
        await query(`create schema ${quoteIdentifier(archive.schema)}`);
      }
      for (const statement of createArchiveTable(archive)) await query(statement);
    }
    ready.push(
      archive.found ? archive : await inspectArchiveTable(query, archive.sql, archive.from),
    );
  }
  return ready;
}
