import { TableMismatchError } from '../errors.ts';
import { type ColumnMapping, type EventField, resolveColumns } from './columns.ts';
import type { SqlClient } from './database.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import { partitioningProblems, readPartitioning } from './partitioning.ts';

/** One column that is written. */
export interface TargetColumn {
  readonly field: EventField;
  /** Quoted. */
  readonly name: string;
  /** As it stands in a cast, without length: a cast to `varchar(50)` would cut the value short. */
  readonly type: string;
}

/** The table as the catalog has it. */
export interface TableLayout {
  readonly oid: number;
  /** Quoted, with its schema if one was given. */
  readonly table: string;
  readonly columns: readonly TargetColumn[];
  /** Of a partitioned table only: where rows are noted that lie outside their home month. Quoted. */
  readonly moved: string | undefined;
}

/** Which table, and what goes where. */
export interface TableChoice {
  readonly table: string;
  readonly schema?: string | undefined;
  readonly columns: ColumnMapping;
}

interface CatalogRow {
  readonly oid: string;
  readonly is_partitioned: boolean;
  readonly has_moved: boolean;
  readonly name: string;
  readonly type: string;
  readonly is_generated: boolean;
  readonly is_unique: boolean;
}

// format_type with -1 leaves the length out but, unlike null, does not turn bpchar into character(1).
const CATALOG = `
select
  c.oid::bigint::text as oid,
  c.relkind = 'p' as is_partitioned,
  to_regclass($2) is not null as has_moved,
  a.attname as name,
  format_type(a.atttypid, -1) as type,
  a.attgenerated <> '' or a.attidentity = 'a' as is_generated,
  exists (
    select
    from pg_index i
    where i.indrelid = a.attrelid
      and i.indisunique
      and i.indisvalid
      and i.indimmediate
      and i.indpred is null
      and i.indnkeyatts = 1
      and i.indkey[0] = a.attnum
  ) as is_unique
from pg_class c
join pg_attribute a on a.attrelid = c.oid
where c.oid = to_regclass($1)
  and a.attnum > 0
  and not a.attisdropped`;

/**
 * Looks the table up. Takes no lock beyond that of a catalog read.
 *
 * @throws TableMismatchError
 */
export async function readTableLayout(
  client: SqlClient,
  choice: TableChoice,
): Promise<TableLayout> {
  const table = qualified(choice.schema, choice.table);
  const moved = qualified(choice.schema, movedTableName(choice.table));
  const rows = (await client.query(CATALOG, [table, moved])).rows as readonly CatalogRow[];
  const [first] = rows;
  if (first === undefined) throw new TableMismatchError(table, ['there is no such table']);
  const isPartitioned = first.is_partitioned;
  const problems = isPartitioned && !first.has_moved ? [`there is no table ${moved}`] : [];
  const found = new Map(rows.map((row) => [row.name, row]));
  const columns: TargetColumn[] = [];
  const wanted = resolveColumns(choice.columns, new Set(found.keys()), isPartitioned);
  for (const [field, column] of wanted) {
    const row = found.get(column);
    if (row === undefined) problems.push(`there is no column ${column} for ${field}`);
    else if (row.is_generated) problems.push(`column ${column} is generated`);
    else columns.push({ field, name: quoteIdentifier(column), type: row.type });
    if (field === 'id' && row !== undefined) problems.push(...idProblems(row));
  }
  const oid = Number(first.oid);
  if (isPartitioned && problems.length === 0) {
    const target = new Map(wanted);
    const facts = await readPartitioning(client, oid, target.get('id') ?? '');
    problems.push(...(facts ? partitioningProblems(facts, target.get('timestamp') ?? null) : []));
  }
  if (problems.length > 0) throw new TableMismatchError(table, problems);
  return { oid, table, columns, moved: isPartitioned ? moved : undefined };
}

/** Beside a partitioned table; see `movedStatement`. */
export function movedTableName(table: string): string {
  return `${table}_moved`;
}

function idProblems({ name, type, is_unique: isUnique, is_partitioned }: CatalogRow): string[] {
  if (is_partitioned) return type === 'uuid' ? [] : [`column ${name} is ${type}, not uuid`];
  // Without it "on conflict do nothing" never has a conflict, and a repeat is a double. An index
  // over more columns does not help: a repeat may get another timestamp.
  return isUnique ? [] : [`no unique index on column ${name} alone`];
}
