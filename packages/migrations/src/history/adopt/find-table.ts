import type { Query } from '../../database/session.ts';
import { AdoptError } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { adoptProblem } from './adopt-problem.ts';
import type { AdoptedTool, ForeignTable, Tool } from './tool.ts';
import { TOOLS } from './tools.ts';

/** A table that holds the history of a tool. */
export interface DetectedTool {
  readonly tool: AdoptedTool;
  readonly schema: string;
  readonly table: string;
}

/** Where a tool was told to keep its table, when not where it does by default. */
export interface TablePlace {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
}

/** Of the services that Supabase runs: they migrate their own schemas with dbmate's kind of table. */
const PLATFORM_SCHEMAS = [
  'auth',
  'storage',
  'realtime',
  '_realtime',
  'supabase_functions',
  '_supavisor',
  '_analytics',
];

/**
 * The tools that have migrated this database, told by name and columns of their tables; those with a
 * table of their own choosing are not found. Reads only the catalog.
 */
export async function detectTools({ query }: { readonly query: Query }): Promise<DetectedTool[]> {
  const tools = Object.values(TOOLS);
  const tables = await listTables(query, [...new Set(tools.map(({ table }) => table))]);
  return tools.flatMap((tool) =>
    tables
      .filter((found) => found.table === tool.table && !PLATFORM_SCHEMAS.includes(found.schema))
      .filter((found) => fits(tool, found))
      .map(({ schema, table }) => ({ tool: tool.name, schema, table })),
  );
}

/** @throws AdoptError when there is none, or more than one and nothing tells which. */
export async function findTable(
  query: Query,
  tool: Tool,
  place: TablePlace,
): Promise<ForeignTable> {
  const name = place.table ?? tool.table;
  const named = (await listTables(query, [name])).filter(({ schema }) =>
    place.schema === undefined ? !PLATFORM_SCHEMAS.includes(schema) : schema === place.schema,
  );
  const candidates = named.filter((found) => fits(tool, found));
  const chosen =
    candidates.find(({ schema }) => schema === tool.schema) ??
    candidates.find(({ isInPath }) => isInPath) ??
    (candidates.length === 1 ? candidates[0] : undefined);
  if (chosen !== undefined) {
    const { schema, table, columns } = chosen;
    const sql = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
    return { query, schema, table, columns, sql };
  }
  if (candidates.length > 0) throw ambiguous(tool, candidates);
  throw notFound(tool, { ...place, table: name }, named, await detectTools({ query }));
}

interface ListedTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Whether its schema is in the search path. */
  readonly isInPath: boolean;
}

/** Those in the search path come first, in its order. */
async function listTables(query: Query, names: readonly string[]): Promise<ListedTable[]> {
  const { rows } = await query<Omit<ListedTable, 'columns'> & { readonly columns: string }>(
    `select n.nspname as schema, c.relname as "table",
       json_agg(a.attname order by a.attnum)::text as columns,
       n.nspname = any(current_schemas(false)) as "isInPath"
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ('r', 'p')
       and c.relname = any($1::name[])
       and n.nspname !~ '^pg_(?:temp|toast_temp)_'
     group by n.nspname, c.relname
     order by array_position(current_schemas(false), n.nspname), n.nspname`,
    [names],
  );
  return rows.map((row) => ({ ...row, columns: JSON.parse(row.columns) as string[] }));
}

function fits(tool: Tool, { columns }: ListedTable): boolean {
  return (
    tool.columns.every((column) => columns.includes(column)) &&
    !tool.foreignColumns.some((column) => columns.includes(column))
  );
}

function ambiguous(tool: Tool, candidates: readonly ListedTable[]): AdoptError {
  const list = candidates.map(({ schema, table }) => `${schema}.${table}`).join(', ');
  return tableError(
    tool,
    `it has several tables: ${list}`,
    `Say which one: adopt('${tool.name}', { schema: '${candidates[0]?.schema}' }).`,
  );
}

function notFound(
  tool: Tool,
  { schema, table }: TablePlace,
  named: readonly ListedTable[],
  detected: readonly DetectedTool[],
): AdoptError {
  const wanted = schema === undefined ? table : `${schema}.${table}`;
  const others = named.map((found) => `${found.schema}.${found.table} has other columns`);
  const found = detected.map((each) => `${each.tool} (${each.schema}.${each.table})`);
  const hint =
    found.length === 0
      ? 'No table of any known tool was found. Look whether the connection is to the right database.'
      : `Found: ${found.join(', ')}.`;
  return tableError(
    tool,
    `there is no table ${wanted} of it${others.length > 0 ? `; ${others.join(', ')}` : ''}`,
    `${hint} A table with a name or schema of its own is found with adopt('${tool.name}', { schema, table }).`,
  );
}

function tableError({ name }: Tool, message: string, hint: string): AdoptError {
  return new AdoptError({ tool: name, table: undefined }, [
    adoptProblem('table', { message, hint }),
  ]);
}
