import { TableMismatchError } from '../errors.ts';
import type { SqlClient } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import type { EventField, ParsedPostgresSinkOptions } from './options.ts';

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
  /** Quoted, with its schema if one was given. */
  readonly table: string;
  readonly columns: readonly TargetColumn[];
}

interface CatalogRow {
  readonly name: string;
  readonly type: string;
  readonly is_generated: boolean;
  readonly is_unique: boolean;
}

// format_type with -1 leaves the length out but, unlike null, does not turn bpchar into character(1).
const CATALOG = `
select
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
from pg_attribute a
where a.attrelid = to_regclass($1)
  and a.attnum > 0
  and not a.attisdropped`;

/**
 * Looks the table up. Takes no lock beyond that of a catalog read.
 *
 * @throws TableMismatchError
 */
export async function readTableLayout(
  client: SqlClient,
  options: ParsedPostgresSinkOptions,
): Promise<TableLayout> {
  const { schema, table: name } = options;
  const table = [schema, name]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.');
  const { rows } = await client.query(CATALOG, [table]);
  const found = new Map((rows as readonly CatalogRow[]).map((row) => [row.name, row]));
  if (found.size === 0) throw new TableMismatchError(table, ['there is no such table']);
  const problems: string[] = [];
  const columns: TargetColumn[] = [];
  for (const [field, column] of Object.entries(options.columns) as [EventField, string | null][]) {
    if (column === null) continue;
    const row = found.get(column);
    if (row === undefined) problems.push(`there is no column ${column} for ${field}`);
    else if (row.is_generated) problems.push(`column ${column} is generated`);
    else columns.push({ field, name: quoteIdentifier(column), type: row.type });
    // Without it "on conflict do nothing" never has a conflict, and a repeat is a double. An index
    // over more columns does not help: a repeat may get another timestamp.
    if (field === 'id' && row?.is_unique === false) {
      problems.push(`no unique index on column ${column} alone`);
    }
  }
  if (problems.length > 0) throw new TableMismatchError(table, problems);
  return { table, columns };
}
