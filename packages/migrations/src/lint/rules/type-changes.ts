import { as, showName, showType, sqlName, type Type, typeOf } from '../ast.ts';
import { findRelation } from '../catalog/catalog.ts';
import { alterationOf, DOCS, type StatementRule } from './context.ts';

export const changingColumnType: StatementRule = {
  id: 'changing-column-type',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'a change of type that rewrites or reads the whole table',
  why: 'Reads and writes wait until every row is written anew and every index on the column rebuilt. The running release may not know the new type.',
  lock: 'ACCESS EXCLUSIVE on the table while it is rewritten: reads and writes wait',
  rewrite:
    'Add a column of the new type, write both, fill the old rows in batches, switch reads over, drop the old column.',
  bad: 'alter table orders alter column id type bigint;',
  good: `-- file: 1_table.sql
create table people (id bigint generated always as identity primary key, name varchar(50));
-- file: 2_widen.sql
alter table people alter column name type text;`,
  url: DOCS.alterTable,
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    const relation = table && findRelation(context.catalog, table);
    for (const { subtype, name = '', def } of commands) {
      if (subtype !== 'AT_AlterColumnType' || !table) continue;
      const definition = as(def, 'ColumnDef');
      const to = typeOf(definition?.typeName);
      const from = relation?.columns.get(name)?.type;
      const using = definition?.raw_default;
      const isPlain = using === undefined || isSelf(using, name, to);
      // Another collation sorts otherwise, so every index on the column is built anew.
      const isSorted = definition?.collClause === undefined;
      if (from && isPlain && isSorted && isFree(from, to)) continue;
      const change = from ? `from ${showType(from)} to ${showType(to)}` : `to ${showType(to)}`;
      context.report({
        message: `column ${name} of ${showName(table)} changes ${change}${from ? '' : ', from a type that no file tells'}`,
        at: name,
        lock: `ACCESS EXCLUSIVE on ${showName(table)} while it is rewritten`,
        rewrite: `alter table ${sqlName(table)} add column ${sqlName({ schema: undefined, name: `${name}_new` })} ${showType(to)};\n-- write both, fill in batches, switch reads, drop ${name}`,
      });
    }
  },
};

/** Whether `using` names the column itself, or only casts it to the new type. */
function isSelf(expression: Parameters<typeof as>[0], name: string, to: Type): boolean {
  const cast = as(expression, 'TypeCast');
  if (cast && showType(typeOf(cast.typeName)) !== showType(to)) return false;
  const inner = cast?.arg ?? expression;
  return as(as(inner, 'ColumnRef')?.fields?.at(-1), 'String')?.sval === name;
}

/**
 * Changes for which PostgreSQL neither rewrites nor reads the rows: the values are stored the same
 * and all of them fit.
 *
 * Between `timestamp` and `timestamptz` that holds only while the session's time zone is UTC, which
 * a file does not tell.
 */
export function isFree(from: Type, to: Type): boolean {
  if (from.schema !== to.schema || from.isArray !== to.isArray) return false;
  const isSame = from.name === to.name && from.modifiers.join() === to.modifiers.join();
  // Arrays are rewritten even where their elements would not be.
  if (isSame || from.isArray) return isSame;
  const [a, b] = [from.modifiers.map(Number), to.modifiers.map(Number)];
  const isWider = b.length === 0 || (a.length > 0 && Number(b[0]) >= Number(a[0]));
  if (from.name === to.name) {
    switch (to.name) {
      case 'varchar':
      case 'varbit':
      case 'time':
      case 'timetz':
      case 'timestamp':
      case 'timestamptz':
        return isWider;
      case 'numeric':
        return b.length === 0 || (isWider && a.length > 0 && (a[1] ?? 0) === (b[1] ?? 0));
      default:
        return false;
    }
  }
  const pair = `${from.name} ${to.name}`;
  if (pair === 'varchar text' || pair === 'cidr inet') return true;
  return pair === 'text varchar' && b.length === 0;
}
