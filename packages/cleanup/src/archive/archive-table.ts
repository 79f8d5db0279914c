import type { ColumnFacts } from '../catalog/columns.ts';
import type { Query } from '../database.ts';
import { parseIdentifierPath, quoteIdentifier, quoteIdentifierPath } from '../identifier.ts';
import { archivedColumn, fits, inspectQualified } from './archived-column.ts';
import type { ArchivedTable } from './archived-table.ts';

/*
 * A table that takes archived rows. Beside the columns of the rows it has three of its own, by which
 * a run's rows are found again. A table that was made by hand may lack them.
 */

export const RUN_COLUMN = 'archive_run_id';
export const SEQ_COLUMN = 'archive_seq';
const TIME_COLUMN = 'archived_at';
const OWN_COLUMNS: Readonly<Record<string, string>> = {
  [RUN_COLUMN]: 'uuid',
  [SEQ_COLUMN]: 'bigint',
  [TIME_COLUMN]: 'timestamp with time zone',
};

/** An archive table as it was found, and the table whose rows it takes. */
export interface ArchiveTable {
  readonly from: ArchivedTable;
  /** Quoted, with its schema. */
  readonly sql: string;
  readonly schema: string;
  readonly name: string;
  /** Undefined when it is not there. */
  readonly found: FoundTable | undefined;
  /** It has all of the columns of its own, so that a run can be restored from it. */
  readonly isRestorable: boolean;
}

interface FoundTable {
  readonly oid: string;
  readonly kind: string;
  readonly columns: readonly ColumnFacts[];
  /** Columns that have to be given a value. */
  readonly required: readonly string[];
}

/** Looks `path` up by the search path; a table that is not there would be in its first schema. */
export async function inspectArchiveTable(
  query: Query,
  path: string,
  from: ArchivedTable,
): Promise<ArchiveTable> {
  const [row] = await query(
    `select
       c.oid::text as oid,
       c.relkind::text as kind,
       coalesce(n.nspname, current_schema())::text as schema,
       (
         select array_to_json(array_agg(a.attname))::text
         from pg_attribute a
         where a.attrelid = c.oid
           and a.attnum > 0
           and not a.attisdropped
           and a.attnotnull
           and not a.atthasdef
           and a.attidentity = ''
       ) as required
     from (select to_regclass($1)) given (relation)
     left join pg_class c on c.oid = given.relation
     left join pg_namespace n on n.oid = c.relnamespace`,
    [quoteIdentifierPath(path)],
  );
  const parts = parseIdentifierPath(path);
  const schema = parts.length > 1 ? (parts[0] ?? '') : (row?.['schema'] ?? 'public');
  const name = parts.at(-1) ?? '';
  const oid = row?.['oid'];
  const found =
    oid == null
      ? undefined
      : {
          oid,
          kind: row?.['kind'] ?? '',
          columns: (await inspectQualified(query, [oid])).get(oid) ?? [],
          required: JSON.parse(row?.['required'] ?? '[]') as readonly string[],
        };
  const names = new Set(found?.columns.map((column) => column.name));
  return {
    from,
    sql: `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    schema,
    name,
    found,
    isRestorable: !found || Object.keys(OWN_COLUMNS).every((column) => names.has(column)),
  };
}

/** What keeps the archive from taking the rows; each says what to do. */
export function archiveTableProblems(archive: ArchiveTable): readonly string[] {
  const { from, found, sql } = archive;
  const clash = from.columns.filter(({ name }) => name in OWN_COLUMNS).map(({ name }) => name);
  if (clash.length > 0) {
    return [
      `${from.sql} has columns that an archive table needs for itself: ${clash.join(', ')}; archive it to files`,
    ];
  }
  if (!found) return [];
  if (found.oid === from.oid) return [`${sql} is the table that the rows are in`];
  if (found.kind !== 'r' && found.kind !== 'p') return [`${sql} is no table`];
  const columns = new Map(found.columns.map((column) => [column.name, column]));
  const problems: string[] = [];
  const missing: string[] = [];
  for (const column of from.columns) {
    const own = columns.get(column.name);
    if (!own) {
      missing.push(`add column ${quoteIdentifier(column.name)} ${archivedColumn(column).type}`);
    } else if (own.isGenerated || own.identity === 'always') {
      problems.push(
        `Column ${column.name} of ${sql} gives itself a value; it must be an ordinary column`,
      );
    } else if (!fits(archivedColumn(column), archivedColumn(own))) {
      problems.push(
        `Column ${column.name} of ${sql} is of type ${own.typeWithModifier}, and that of ${from.sql} of type ${column.typeWithModifier}`,
      );
    }
  }
  if (missing.length > 0) {
    problems.push(`${sql} lacks columns of ${from.sql}: alter table ${sql} ${missing.join(', ')}`);
  }
  const given = new Set([...from.columns.map(({ name }) => name), ...Object.keys(OWN_COLUMNS)]);
  const required = found.required.filter((name) => !given.has(name));
  if (required.length > 0) {
    problems.push(
      `Columns of ${sql} that ${from.sql} has no values for must not be null: ${required.join(', ')}`,
    );
  }
  return problems;
}

/** SQL that makes it: the columns as they are, without defaults and constraints, and its own. */
export function createArchiveTable({ from, sql }: ArchiveTable): readonly string[] {
  const columns = [
    ...from.columns.map((column) => `${quoteIdentifier(column.name)} ${column.typeWithModifier}`),
    ...Object.entries(OWN_COLUMNS).map(
      ([name, type]) => `${quoteIdentifier(name)} ${type} not null`,
    ),
  ];
  return [
    `create table ${sql} (\n  ${columns.join(',\n  ')}\n)`,
    // A run's rows lie together, so a summary of ranges finds them. It costs nothing to keep; a
    // B-tree would make archiving a quarter slower (measured).
    `create index on ${sql} using brin (${RUN_COLUMN}, ${SEQ_COLUMN}) with (autosummarize = on)`,
  ];
}

/** `insert` that takes the rows; parameters are appended. */
export function insertInto(
  { from, sql, isRestorable }: ArchiveTable,
  rows: string,
  batch: { readonly runId: string | undefined; readonly seq: number },
  values: unknown[],
): string {
  const names = from.columns.map(({ name }) => quoteIdentifier(name));
  const own = isRestorable
    ? [
        `$${values.push(batch.runId ?? null)}::uuid`,
        `$${values.push(batch.seq)}::bigint`,
        'current_timestamp',
      ]
    : [];
  const ownNames = isRestorable ? [RUN_COLUMN, SEQ_COLUMN, TIME_COLUMN] : [];
  return `insert into ${sql} (${[...names, ...ownNames].join(', ')})
  select ${[...names.map((name) => `ops_cleanup_row.${name}`), ...own].join(', ')}
  from ${rows} ops_cleanup_row
  returning 1`;
}

/** Whether this role may make it, as far as it is to be made. */
export async function mayCreate(query: Query, { schema }: ArchiveTable): Promise<boolean> {
  const [row] = await query(
    `select case
       when to_regnamespace($1) is null
         then has_database_privilege(current_database(), 'create')
       else has_schema_privilege(to_regnamespace($1), 'create')
     end::text as may_create`,
    [quoteIdentifier(schema)],
  );
  return row?.['may_create'] === 'true';
}

export async function hasSchema(query: Query, { schema }: ArchiveTable): Promise<boolean> {
  const [row] = await query('select (to_regnamespace($1) is not null)::text as is_there', [
    quoteIdentifier(schema),
  ]);
  return row?.['is_there'] === 'true';
}

/**
 * Lets the index of an archive know of its newest rows, so that a run's are found without reading all
 * of it. Done where this role may; takes a lock that only vacuuming and altering the table wait for.
 */
export async function summarizeArchive(query: Query, sql: string): Promise<void> {
  await query(
    `select brin_summarize_new_values(i.oid)::text as summarized
     from pg_index x
     join pg_class i on i.oid = x.indexrelid
     join pg_am a on a.oid = i.relam
     where x.indrelid = to_regclass($1)
       and i.relkind = 'i'
       and a.amname = 'brin'
       and pg_has_role(i.relowner, 'usage')`,
    [sql],
  );
}
