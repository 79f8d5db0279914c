import type { Node } from 'libpg-query';
import { allOf, as, nameOf, relationName, textsOf } from '../ast.ts';
import { type Catalog, keyOf, lookUp, type Place, schemaFor, type TypeEntry } from './catalog.ts';

export function createType(catalog: Catalog, node: Node, made: Place): void {
  const enumeration = as(node, 'CreateEnumStmt');
  const domain = as(node, 'CreateDomainStmt');
  const composite = as(node, 'CompositeTypeStmt');
  const name = composite
    ? relationName(composite.typevar)
    : nameOf(enumeration?.typeName ?? domain?.domainname ?? as(node, 'CreateRangeStmt')?.typeName);
  const entry: TypeEntry = {
    kind: enumeration ? 'enum' : domain ? 'domain' : 'other',
    made,
    values: new Map(textsOf(enumeration?.vals).map((value) => [value, made])),
    hasConstraint: restrictions(domain?.constraints) > 0,
  };
  const key = keyOf(schemaFor(catalog, name), name.name);
  if (!catalog.types.has(key)) catalog.types.set(key, entry);
}

/** How many of a domain's clauses every value is checked against; a default is none. */
export function restrictions(constraints: readonly Node[] | undefined): number {
  return allOf(constraints, 'Constraint').filter(({ contype }) =>
    ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(contype ?? ''),
  ).length;
}

export function alterEnum(catalog: Catalog, node: Node, made: Place): void {
  const { typeName, newVal, oldVal } = as(node, 'AlterEnumStmt') ?? {};
  const values = lookUp(catalog.types, catalog, nameOf(typeName))?.values;
  if (values === undefined || newVal === undefined) return;
  const added = oldVal === undefined ? made : (values.get(oldVal) ?? made);
  if (oldVal !== undefined) values.delete(oldVal);
  if (!values.has(newVal)) values.set(newVal, added);
}

export function alterDomain(catalog: Catalog, node: Node): void {
  const { typeName, subtype } = as(node, 'AlterDomainStmt') ?? {};
  const domain = lookUp(catalog.types, catalog, nameOf(typeName));
  // C adds a constraint, O sets not null.
  if (domain && (subtype === 'C' || subtype === 'O')) domain.hasConstraint = true;
}

export function createRoutine(catalog: Catalog, node: Node, made: Place): void {
  const { funcname, options } = as(node, 'CreateFunctionStmt') ?? {};
  const name = nameOf(funcname);
  const volatility = allOf(options, 'DefElem').find(({ defname }) => defname === 'volatility');
  const isVolatile = !['immutable', 'stable'].includes(as(volatility?.arg, 'String')?.sval ?? '');
  const key = keyOf(schemaFor(catalog, name), name.name);
  catalog.routines.set(key, { made: catalog.routines.get(key)?.made ?? made, isVolatile });
}
