import type { Name, Type } from '../ast.ts';

/** Where something came into being. */
export interface Place {
  readonly file: string;
  /** Position among the files, from 0. */
  readonly fileIndex: number;
  readonly line: number;
  /** Of the file, from 1. */
  readonly statement: number;
  /** Equal for statements that share a transaction. */
  readonly transaction: string;
}

export interface Column {
  name: string;
  type: Type;
  isNotNull: boolean;
  /** Fingerprint of the default. */
  default: string | undefined;
  readonly made: Place;
}

export type ConstraintKind = 'check' | 'foreign' | 'unique' | 'primary' | 'exclude' | 'not null';

export interface Constraint {
  name: string;
  readonly kind: ConstraintKind;
  readonly columns: readonly string[];
  readonly made: Place;
  /** Byte offset in its statement's tree. */
  readonly location: number | undefined;
  isValid: boolean;
  /** Columns that cannot be null while the constraint is valid. */
  readonly notNull: readonly string[];
  /** Of a foreign key. */
  readonly references: Name | undefined;
  /** Of a check. */
  readonly expression: unknown;
}

export type RelationKind = 'table' | 'view' | 'materialized view' | 'sequence' | 'foreign table';

export interface Relation {
  schema: string;
  name: string;
  readonly kind: RelationKind;
  readonly made: Place;
  readonly columns: Map<string, Column>;
  /** False when it has columns that its statement does not list (`like`, `inherits`, a query). */
  readonly hasAllColumns: boolean;
  constraints: Constraint[];
  readonly isPartitioned: boolean;
  readonly isTemporary: boolean;
  /** True when no file has made it and a statement uses it: it was there before. */
  readonly isAssumed: boolean;
  /** Of what it selects; empty for what is no query. */
  readonly fingerprint: string;
}

export interface IndexEntry {
  schema: string;
  name: string;
  /** Key of its table, see {@link keyOf}. */
  table: string;
  readonly made: Place;
  /** Column names; an expression is its fingerprint. */
  readonly columns: readonly string[];
  /** As columns, with operator class and order. */
  readonly elements: readonly string[];
  readonly isUnique: boolean;
  readonly method: string;
  readonly predicate: string;
  readonly hasIncluded: boolean;
  /** Of everything but the name. */
  readonly fingerprint: string;
  /** The constraint that it belongs to. */
  constraint: string | undefined;
}

export interface TypeEntry {
  readonly kind: 'enum' | 'domain' | 'other';
  readonly made: Place;
  /** Of an enum, with the place of their adding. */
  readonly values: Map<string, Place>;
  /** Of a domain: a check or not null. */
  hasConstraint: boolean;
}

interface RoutineEntry {
  readonly made: Place;
  readonly isVolatile: boolean;
}

/** What the files replayed so far have made, as far as their text tells. */
export interface Catalog {
  readonly relations: Map<string, Relation>;
  readonly indexes: Map<string, IndexEntry>;
  readonly types: Map<string, TypeEntry>;
  readonly routines: Map<string, RoutineEntry>;
  /** Schemas in which names without one are looked for; never empty. */
  searchPath: readonly string[];
  /** Everything that was dropped or renamed, so that its absence is no riddle. */
  readonly gone: Set<string>;
  /**
   * What `do` blocks, routines that may change definitions, and strings given to functions say, in lower
   * case; they may have made anything named in them.
   */
  opaque: string;
}

export function createCatalog(): Catalog {
  return {
    relations: new Map(),
    indexes: new Map(),
    types: new Map(),
    routines: new Map(),
    searchPath: ['public'],
    gone: new Set(),
    opaque: '',
  };
}

/** Key in the catalog's maps. */
export function keyOf(schema: string, name: string): string {
  return `${schema}\0${name}`;
}

/** The schema in which something of this name would be made. */
export function schemaFor(catalog: Catalog, { schema }: Name): string {
  return schema ?? catalog.searchPath[0] ?? 'public';
}

/** What the name means now. */
export function lookUp<Entry>(
  map: ReadonlyMap<string, Entry>,
  { searchPath }: Catalog,
  { schema, name }: Name,
): Entry | undefined {
  if (schema !== undefined) return map.get(keyOf(schema, name));
  for (const each of ['pg_temp', ...searchPath]) {
    const entry = map.get(keyOf(each, name));
    if (entry) return entry;
  }
  return undefined;
}

export function findRelation(catalog: Catalog, name: Name): Relation | undefined {
  return lookUp(catalog.relations, catalog, name);
}

export function findIndex(catalog: Catalog, name: Name): IndexEntry | undefined {
  return lookUp(catalog.indexes, catalog, name);
}

export function indexesOf(catalog: Catalog, relation: Relation): IndexEntry[] {
  const key = keyOf(relation.schema, relation.name);
  return [...catalog.indexes.values()].filter(({ table }) => table === key);
}

/** Whether a column of a table can hold no null, by itself or by a valid check. */
export function isProvenNotNull(relation: Relation, column: string): boolean {
  return (
    relation.columns.get(column)?.isNotNull === true ||
    relation.constraints.some(({ isValid, notNull }) => isValid && notNull.includes(column))
  );
}

/** Whether the name stands in some text that was not understood and may have made it. */
export function isMentioned({ opaque }: Catalog, name: string): boolean {
  const word = name.toLowerCase();
  if (word === '') return false;
  const isPart = (at: number): boolean => /[\w$]/.test(opaque.charAt(at));
  for (let at = opaque.indexOf(word); at !== -1; at = opaque.indexOf(word, at + 1)) {
    if (!isPart(at - 1) && !isPart(at + word.length)) return true;
  }
  return false;
}

/** For messages. */
export function showPlace({ file, line }: Place): string {
  return `${file}:${line}`;
}
