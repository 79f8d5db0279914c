import type { RenameStmt } from 'libpg-query';
import { as, type Name, objectName, relationName, showName, sqlName } from '../ast.ts';
import { lookUp, type Place } from '../catalog/catalog.ts';
import type { DeclarationKind } from '../declarations.ts';
import type { RuleContext, StatementRule } from './context.ts';

export const renamingColumn: StatementRule = {
  id: 'renaming-column',
  on: ['RenameStmt'],
  severity: 'error',
  summary: 'a column renamed in a table that is in use',
  why: 'The running release still uses the old name and fails until it is replaced everywhere.',
  lock: 'ACCESS EXCLUSIVE on the table, for a moment',
  rewrite:
    'Add a column of the new name, write both, fill the old rows in batches, switch reads over, drop the old one.',
  bad: 'alter table orders rename column total to amount;',
  good: 'alter table orders add column amount numeric;',
  check({ node, isExisting, report }) {
    const rename = as(node, 'RenameStmt');
    if (rename?.renameType !== 'OBJECT_COLUMN' || rename.relationType !== 'OBJECT_TABLE') return;
    const table = relationName(rename.relation);
    if (!isExisting(table)) return;
    const { subname = '', newname = '' } = rename;
    report({
      message: `column ${subname} of ${showName(table)} becomes ${newname}, which the running release does not know`,
      at: subname,
    });
  },
};

export const renamingTable: StatementRule = {
  id: 'renaming-table',
  on: ['RenameStmt', 'AlterObjectSchemaStmt'],
  severity: 'error',
  summary: 'a table renamed or moved to another schema while in use',
  why: 'The running release still uses the old name and fails until it is replaced everywhere.',
  lock: 'ACCESS EXCLUSIVE on the table, for a moment',
  rewrite:
    'Rename it and make a view of the old name in the same file; drop the view when nothing uses it.',
  bad: 'alter table orders rename to purchases;',
  good: `alter table orders rename to purchases;
create view orders as select * from purchases;`,
  check({ node, isExisting, madeAgain, report }) {
    const rename = as(node, 'RenameStmt');
    const move = as(node, 'AlterObjectSchemaStmt');
    const isTable = rename?.renameType === 'OBJECT_TABLE' || move?.objectType === 'OBJECT_TABLE';
    const table = relationName(rename?.relation ?? move?.relation);
    if (!isTable || !isExisting(table) || madeAgain('relation', table)) return;
    const to = rename
      ? { schema: table.schema, name: rename.newname ?? '' }
      : { schema: move?.newschema, name: table.name };
    report({
      message: `table ${showName(table)} becomes ${showName(to)}, which the running release does not know`,
      at: table.name,
      rewrite: `-- in the same file, after the renaming:\ncreate view ${sqlName(table)} as select * from ${sqlName(to)};`,
    });
  },
};

export const renamingObject: StatementRule = {
  id: 'renaming-object',
  on: ['RenameStmt', 'AlterEnumStmt'],
  severity: 'error',
  summary: 'a schema, view, type, enum value or routine renamed',
  why: 'The running release still uses the old name and fails until it is replaced everywhere.',
  rewrite: 'Make the new one beside the old one, and drop the old one when nothing uses it.',
  bad: "alter type order_status rename value 'new' to 'open';",
  good: "alter type order_status add value 'open' after 'new';",
  check(context) {
    const { node, madeAgain, report } = context;
    const value = as(node, 'AlterEnumStmt');
    if (value?.oldVal !== undefined) {
      const type =
        (value.typeName ?? []).map((each) => as(each, 'String')?.sval ?? '').at(-1) ?? '';
      const message = `value ${value.oldVal} of ${type} becomes ${value.newVal ?? ''}, which the running release does not know`;
      return report({ message, at: `'${value.oldVal}'` });
    }
    const rename = as(node, 'RenameStmt');
    const kind = KINDS[rename?.renameType ?? ''];
    if (!rename || kind === undefined) return;
    const name = rename.relation
      ? relationName(rename.relation)
      : rename.object
        ? objectName(rename.object)
        : { schema: undefined, name: rename.subname ?? '' };
    const sort = SORTS[rename.renameType ?? ''];
    if (isNewObject(context, rename, name) || (sort && madeAgain(sort, name))) return;
    report({
      message: `${kind} ${showName(name)} becomes ${rename.newname ?? ''}, which the running release does not know`,
      at: name.name,
    });
  },
};

function isNewObject(
  { catalog, isExisting, isNew }: RuleContext,
  { relation, renameType }: RenameStmt,
  name: Name,
): boolean {
  if (relation) return !isExisting(name);
  const sort = SORTS[renameType ?? ''];
  if (sort === undefined) return false;
  const made = lookUp<{ made: Place }>(
    sort === 'type' ? catalog.types : catalog.routines,
    catalog,
    name,
  )?.made;
  return made !== undefined && isNew(made);
}

const SORTS: Readonly<Record<string, DeclarationKind>> = {
  OBJECT_VIEW: 'relation',
  OBJECT_MATVIEW: 'relation',
  OBJECT_SEQUENCE: 'relation',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
};

const KINDS: Readonly<Record<string, string>> = {
  OBJECT_SCHEMA: 'schema',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_SEQUENCE: 'sequence',
};
