import { allOf, as, type Name, relationName, showName, sqlName } from '../ast.ts';
import { findRelation, indexesOf, schemaFor } from '../catalog/catalog.ts';
import type { RuleContext, StatementRule } from './context.ts';

export const foreignKeyWithoutIndex: StatementRule = {
  id: 'foreign-key-without-index',
  on: ['CreateStmt', 'AlterTableStmt'],
  severity: 'warning',
  summary: 'a foreign key whose columns no index begins with, when all files have run',
  why: 'Each delete from the other table, and each change of its key, reads this whole table.',
  rewrite: 'Create an index that begins with the columns.',
  bad: 'create table lines (id bigint generated always as identity primary key, order_id bigint references orders (id));',
  good: `create table lines (id bigint generated always as identity primary key, order_id bigint references orders (id));
create index lines_order_id_idx on lines (order_id);`,
  url: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  check(context) {
    const created = as(context.node, 'CreateStmt');
    if (created) {
      const table = relationName(created.relation);
      for (const column of allOf(created.tableElts, 'ColumnDef')) {
        lookLater(context, table, allOf(column.constraints, 'Constraint'));
      }
      lookLater(context, table, allOf(created.tableElts, 'Constraint'));
    }
    const altered = as(context.node, 'AlterTableStmt');
    const table = relationName(altered?.relation);
    for (const { def } of allOf(altered?.cmds, 'AlterTableCmd')) {
      const constraint = as(def, 'Constraint');
      lookLater(
        context,
        table,
        constraint ? [constraint] : allOf(as(def, 'ColumnDef')?.constraints, 'Constraint'),
      );
    }
  },
};

/** The index may come in a later statement, so the question is asked when all files have run. */
function lookLater(
  { atEnd, catalog, place }: RuleContext,
  table: Name,
  constraints: readonly { contype?: string; location?: number }[],
): void {
  // The search path at the end may be another one.
  const schema = findRelation(catalog, table)?.schema ?? schemaFor(catalog, table);
  for (const { contype, location } of constraints) {
    if (contype !== 'CONSTR_FOREIGN') continue;
    atEnd(() => {
      const relation = findRelation(catalog, { schema, name: table.name });
      // Of a table that no file has made, the indexes are not known.
      if (!relation || relation.isAssumed || relation.isTemporary) return undefined;
      const key = relation.constraints.find(
        ({ kind, made, location: at }) =>
          kind === 'foreign' &&
          at === location &&
          made.fileIndex === place.fileIndex &&
          made.statement === place.statement,
      );
      if (!key) return undefined;
      const isCovered = indexesOf(catalog, relation).some(({ columns, predicate }) => {
        const first = columns.slice(0, key.columns.length);
        return predicate === '' && key.columns.every((column) => first.includes(column));
      });
      if (isCovered) return undefined;
      const columns = key.columns.join(', ');
      return {
        message: `no index of ${showName(table)} begins with ${columns}, the foreign key to ${key.references ? showName(key.references) : 'another table'}`,
        at: location,
        rewrite: `create index concurrently ${sqlName({ schema: undefined, name: `${relation.name}_${key.columns.join('_')}_idx` })} on ${sqlName(table)} (${columns});`,
      };
    });
  }
}
