import type { Node } from 'libpg-query';
import { allOf, as, findAll, type NodeOf, textsOf } from '../ast.ts';
import type { StatementRule } from './context.ts';

export const banDuplicateAssignments: StatementRule = {
  id: 'ban-duplicate-column-assignments',
  on: [
    'UpdateStmt',
    'InsertStmt',
    'MergeStmt',
    'CreateStmt',
    'CreateForeignTableStmt',
    'ViewStmt',
    'CreateTableAsStmt',
    'SelectStmt',
  ],
  severity: 'error',
  summary:
    "a column named twice where each may be once: set, an insert's columns, a new table or view",
  why: 'PostgreSQL refuses it when it runs (42701), so the file cannot be applied.',
  rewrite: 'Name it once.',
  bad: 'update orders set total = 1, total = 2 where id = 1;',
  good: 'update orders set total = 2 where id = 1;',
  check({ node, report }) {
    for (const columns of columnLists(node)) {
      const seen = new Map<string, Target>();
      for (const column of columns) {
        const first = seen.get(column.name);
        // Elements of an array, and fields of a composite, may be set one by one.
        if (first && !(first.isPart && column.isPart)) {
          report({ message: `column ${column.name} is named twice`, at: column.at });
        }
        seen.set(column.name, column);
      }
    }
  },
};

interface Target {
  readonly name: string;
  readonly at: number | undefined;
  readonly isPart: boolean;
}

function columnLists(node: Node): Target[][] {
  const created = as(node, 'CreateStmt') ?? as(node, 'CreateForeignTableStmt')?.base;
  const view = as(node, 'ViewStmt');
  const table = as(node, 'CreateTableAsStmt');
  const select = as(node, 'SelectStmt');
  return [
    targets(as(node, 'UpdateStmt')?.targetList),
    targets(as(node, 'InsertStmt')?.cols),
    targets(as(node, 'InsertStmt')?.onConflictClause?.targetList),
    ...findAll(node, 'MergeWhenClause').map(({ targetList }) => targets(targetList)),
    allOf(created?.tableElts, 'ColumnDef').map(({ colname = '', location }) =>
      whole(colname, location),
    ),
    textsOf(view?.aliases).map((name) => whole(name, undefined)),
    view && !view.aliases ? results(view.query) : [],
    table && !table.into?.colNames ? results(table.query) : [],
    select?.intoClause ? results(node) : [],
  ];
}

function targets(list: readonly Node[] | undefined): Target[] {
  return allOf(list, 'ResTarget').map(({ name = '', location, indirection }) => {
    return { name, at: location, isPart: (indirection?.length ?? 0) > 0 };
  });
}

function whole(name: string, at: number | undefined): Target {
  return { name, at, isPart: false };
}

/** The columns of a query, as far as they have a name that can be told from its text. */
function results(query: Node | undefined): Target[] {
  return allOf(as(query, 'SelectStmt')?.targetList, 'ResTarget').flatMap((target) => {
    const name = target.name ?? inferredName(target);
    return name === undefined ? [] : [whole(name, target.location)];
  });
}

function inferredName({ val }: NodeOf<'ResTarget'>): string | undefined {
  const column = as(val, 'ColumnRef');
  if (column) return textsOf(column.fields?.slice(-1)).at(0);
  if (as(val, 'A_Const') || as(val, 'A_Expr')) return '?column?';
  return textsOf(as(val, 'FuncCall')?.funcname).at(-1);
}
