import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { RollupChangedError, RollupMissingError, RollupSourceError } from '../errors.ts';
import type { Grain } from '../grain.ts';
import type { Rollup } from '../rollup.ts';
import { quoteTablePath } from '../table-path.ts';

/** A rollup, and where things are. Everything here is quoted. */
export interface Layout {
  readonly rollup: Rollup;
  readonly source: string;
  /** The type of a column of the source, without length. */
  typeOf(column: string): string;
  table(grain: Grain): string;
  readonly state: string;
  readonly marks: string;
}

interface SourceColumn {
  readonly name: string;
  readonly type: string;
  readonly has_value: boolean;
}

const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];

// format_type with -1 leaves the length out: a cast to varchar(50) would cut a value short.
const COLUMNS = `
select
  a.attname as name,
  format_type(a.atttypid, -1) as type,
  a.attnotnull or a.atthasdef as has_value
from pg_attribute a
where a.attrelid = to_regclass($1)
  and a.attnum > 0
  and not a.attisdropped`;

/**
 * Looks the source up. Takes no lock beyond that of a catalog read.
 *
 * @throws RollupSourceError
 */
export async function readLayout(
  client: SqlClient,
  rollup: Rollup,
  schema: string,
): Promise<Layout> {
  const source = quoteTablePath(rollup.from);
  const { rows } = await client.query(COLUMNS, [source]);
  const columns = new Map((rows as readonly SourceColumn[]).map((row) => [row.name, row]));
  const problems =
    columns.size === 0 ? [`there is no table ${source}`] : problemsOf(rollup, columns);
  if (problems.length > 0) throw new RollupSourceError(rollup.name, problems);
  const within = (name: string): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  return {
    rollup,
    source,
    typeOf: (column) => columns.get(column)?.type ?? 'text',
    table: (grain) => within(`${rollup.name}_${grain}`),
    state: within('rollup_state'),
    marks: within('rollup_marks'),
  };
}

/** @throws RollupMissingError, RollupChangedError */
export async function checkStored(
  client: SqlClient,
  { rollup, state }: Layout,
  schema: string,
): Promise<void> {
  const stored = await readStoredHash(client, rollup, state);
  if (stored === undefined) throw new RollupMissingError(rollup.name, schema);
  if (stored !== rollup.hash) throw new RollupChangedError(rollup.name, stored, rollup.hash);
}

/** Undefined when there are no tables. */
export async function readStoredHash(
  client: SqlClient,
  rollup: Rollup,
  state: string,
): Promise<string | undefined> {
  const { rows: there } = await client.query('select to_regclass($1) is not null as is_there', [
    state,
  ]);
  if ((there[0] as { is_there: boolean } | undefined)?.is_there !== true) return undefined;
  const { rows } = await client.query(`select definition from ${state} where rollup = $1`, [
    rollup.name,
  ]);
  return (rows[0] as { definition: string } | undefined)?.definition;
}

function problemsOf(rollup: Rollup, columns: ReadonlyMap<string, SourceColumn>): string[] {
  const { time, dimensions, measures, where, mode, xid } = rollup;
  const problems: string[] = [];
  const expectType = (column: string, types: readonly string[] | null, why: string): void => {
    const type = columns.get(column)?.type;
    if (type === undefined) problems.push(`there is no column ${column}`);
    else if (types !== null && !types.includes(type)) {
      problems.push(`column ${column} is ${type}, and ${why} ${types.join(', ')}`);
    }
  };
  expectType(time, ['timestamp with time zone'], 'a time is');
  for (const column of [...dimensions, ...Object.keys(where)]) expectType(column, null, '');
  for (const measure of Object.values(measures)) {
    const isOfNumbers = measure.kind !== 'count' && measure.kind !== 'distinct';
    if (measure.column !== null) {
      expectType(measure.column, isOfNumbers ? NUMBERS : null, `${measure.kind}() takes`);
    }
  }
  if (mode === 'append') {
    expectType(xid, ['xid8'], 'the id of a transaction is');
    // A row without one would never be rolled.
    if (columns.get(xid)?.has_value === false) {
      problems.push(`column ${xid} is not "not null default pg_current_xact_id()"`);
    }
  }
  return problems;
}
