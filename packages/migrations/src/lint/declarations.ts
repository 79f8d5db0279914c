import type { Node } from 'libpg-query';
import { allOf, as, type Name, nameOf, objectName, relationName } from './ast.ts';

export type DeclarationKind = 'relation' | 'column' | 'type' | 'routine';

/** Where something is made, over all files. Found before they are replayed. */
export interface Declarations {
  /**
   * @param order of the statement, over all files.
   * @param placeAt gives the place of a byte offset in the statement's tree; of its start without one.
   */
  add(node: Node, order: number, placeAt: (location: number | undefined) => string): void;
  /** The first place after `order`, when there is none before it. */
  after(
    kind: DeclarationKind,
    name: Name & { readonly column?: string },
    order: number,
  ): string | undefined;
  /** Whether it is made behind `first`, and not behind `last`. */
  isBetween(kind: DeclarationKind, name: Name, first: number, last: number): boolean;
}

interface Declaration {
  readonly schema: string | undefined;
  readonly order: number;
  readonly place: string;
}

export function createDeclarations(): Declarations {
  const found = new Map<string, Declaration[]>();
  // A name without a schema may mean any.
  const fitting = (kind: DeclarationKind, { schema, name }: Name, column?: string): Declaration[] =>
    (found.get(keyFor(kind, name, column)) ?? []).filter(
      (each) => schema === undefined || each.schema === undefined || each.schema === schema,
    );
  return {
    add(node, order, placeAt) {
      for (const [kind, { schema, name }, column, location] of declared(node)) {
        const place = placeAt(location);
        const key = keyFor(kind, name, column);
        const list = found.get(key);
        if (list) list.push({ schema, order, place });
        else found.set(key, [{ schema, order, place }]);
      }
    },
    after(kind, name, order) {
      const fits = fitting(kind, name, name.column);
      // For a column, an earlier file may have been meant to make it and did not.
      if (kind !== 'column' && fits.some((each) => each.order <= order)) return undefined;
      return fits.find((each) => each.order > order)?.place;
    },
    isBetween: (kind, name, first, last) =>
      fitting(kind, name).some(({ order }) => order > first && order <= last),
  };
}

function keyFor(kind: DeclarationKind, name: string, column = ''): string {
  return `${kind}\0${name}\0${column}`;
}

type Declared = readonly [kind: DeclarationKind, name: Name, column?: string, location?: number];

function declared(node: Node): Declared[] {
  const table = as(node, 'CreateStmt') ?? as(node, 'CreateForeignTableStmt')?.base;
  if (table) {
    const name = relationName(table.relation);
    const columns = allOf(table.tableElts, 'ColumnDef').map(
      ({ colname = '', location = 0 }): Declared => ['column', name, colname, location],
    );
    return [['relation', name], ...columns];
  }
  const alter = as(node, 'AlterTableStmt');
  if (alter) {
    const name = relationName(alter.relation);
    return allOf(alter.cmds, 'AlterTableCmd').flatMap(({ subtype, def }): Declared[] => {
      const column = subtype === 'AT_AddColumn' ? as(def, 'ColumnDef') : undefined;
      return column ? [['column', name, column.colname ?? '', column.location ?? 0]] : [];
    });
  }
  const rename = as(node, 'RenameStmt');
  const object = RENAMED_OBJECTS[rename?.renameType ?? ''];
  if (rename?.object && object !== undefined)
    return [[object, { ...objectName(rename.object), name: rename.newname ?? '' }]];
  if (rename?.relation)
    return [renamed(rename.renameType, relationName(rename.relation), rename.newname ?? '')];
  const schema = as(node, 'CreateSchemaStmt');
  if (schema) return (schema.schemaElts ?? []).flatMap(declared);
  return others(node);
}

const RENAMED_OBJECTS: Readonly<Record<string, DeclarationKind>> = {
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
};

function renamed(kind: string | undefined, relation: Name, name: string): Declared {
  return kind === 'OBJECT_COLUMN'
    ? ['column', relation, name]
    : ['relation', { schema: relation.schema, name }];
}

function others(node: Node): Declared[] {
  const relation =
    as(node, 'ViewStmt')?.view ??
    as(node, 'CreateTableAsStmt')?.into?.rel ??
    as(node, 'CreateSeqStmt')?.sequence;
  if (relation) return [['relation', relationName(relation)]];
  const composite = as(node, 'CompositeTypeStmt')?.typevar;
  if (composite) return [['type', relationName(composite)]];
  const type =
    as(node, 'CreateEnumStmt')?.typeName ??
    as(node, 'CreateDomainStmt')?.domainname ??
    as(node, 'CreateRangeStmt')?.typeName;
  if (type) return [['type', nameOf(type)]];
  const routine = as(node, 'CreateFunctionStmt')?.funcname;
  return routine ? [['routine', nameOf(routine)]] : [];
}
