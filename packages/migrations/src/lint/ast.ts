import type { Node, RangeVar, TypeName } from 'libpg-query';

/** What a node of the parse tree is, such as `IndexStmt`. */
export type NodeKind = Node extends infer Each
  ? Each extends unknown
    ? keyof Each
    : never
  : never;

/** The fields of a node of this kind. */
export type NodeOf<Kind extends NodeKind> =
  Extract<Node, Record<Kind, unknown>> extends Record<Kind, infer Fields> ? Fields : never;

/** A relation as a statement names it. */
export interface Name {
  readonly schema: string | undefined;
  readonly name: string;
}

/** The node's fields when it is of that kind. */
export function as<Kind extends NodeKind>(
  node: Node | undefined,
  kind: Kind,
): NodeOf<Kind> | undefined {
  return (node as Record<string, NodeOf<Kind>> | undefined)?.[kind];
}

/** The nodes of that kind in a list, unwrapped. */
export function allOf<Kind extends NodeKind>(
  nodes: readonly Node[] | undefined,
  kind: Kind,
): NodeOf<Kind>[] {
  return (nodes ?? []).flatMap((node) => as(node, kind) ?? []);
}

/** The texts of a list of names. */
export function textsOf(nodes: readonly Node[] | undefined): string[] {
  return allOf(nodes, 'String').map(({ sval }) => sval ?? '');
}

/** A dotted name. A database name in front is dropped. */
export function nameOf(nodes: readonly Node[] | undefined): Name {
  const parts = textsOf(nodes);
  return { schema: parts.at(-2), name: parts.at(-1) ?? '' };
}

/** The relation that a `drop` or `comment` names. */
export function objectName(node: Node | undefined): Name {
  const list = as(node, 'List');
  if (list) return nameOf(list.items);
  const type = as(node, 'TypeName');
  if (type) return nameOf(type.names);
  const routine = as(node, 'ObjectWithArgs');
  if (routine) return nameOf(routine.objname);
  return { schema: undefined, name: as(node, 'String')?.sval ?? '' };
}

export function relationName(relation: RangeVar | undefined): Name {
  return { schema: relation?.schemaname, name: relation?.relname ?? '' };
}

/** As a person writes it, for messages. */
export function showName({ schema, name }: Name): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** As SQL, quoted only where it has to be, for suggested rewrites. */
export function sqlName({ schema, name }: Name): string {
  const part = (text: string): string =>
    /^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
  return schema === undefined ? part(name) : `${part(schema)}.${part(name)}`;
}

/** A type in the parser's own spelling: `int4`, `varchar`, `timestamptz`. */
export interface Type {
  readonly schema: string | undefined;
  readonly name: string;
  readonly modifiers: readonly string[];
  readonly isArray: boolean;
  /** Byte offset, when the statement has it. */
  readonly location: number | undefined;
}

export function typeOf(typeName: TypeName | undefined): Type {
  const { schema, name } = nameOf(typeName?.names);
  const modifiers = allOf(typeName?.typmods, 'A_Const').map((constant) =>
    String(constant.ival?.ival ?? constant.sval?.sval ?? (constant.ival ? 0 : '')),
  );
  return {
    schema: schema === 'pg_catalog' ? undefined : schema,
    name,
    // bpchar without a length is what char means: one character.
    modifiers,
    isArray: (typeName?.arrayBounds?.length ?? 0) > 0,
    location: typeName?.location,
  };
}

/** As a person writes it. */
export function showType(type: Type): string {
  const spelling = SPELLINGS.get(type.name) ?? type.name;
  const name = type.schema === undefined ? spelling : `${type.schema}.${spelling}`;
  const modifiers = type.modifiers.length > 0 ? `(${type.modifiers.join(',')})` : '';
  return `${name}${modifiers}${type.isArray ? '[]' : ''}`;
}

const SPELLINGS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    int2: 'smallint',
    int4: 'integer',
    int8: 'bigint',
    bool: 'boolean',
    float4: 'real',
    float8: 'double precision',
    bpchar: 'char',
  }),
);

/**
 * Calls `visit` with every object of a tree, from the outside in and in the order of the text;
 * `false` keeps out of it. Not by recursion: `1+1+1+…` makes a tree as deep as it is long.
 */
export function walk(
  tree: unknown,
  visit: (value: Readonly<Record<string, unknown>>) => boolean | void,
): void {
  const waiting: unknown[] = [tree];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value) && visit(value as Record<string, unknown>) === false) continue;
    const inner: unknown[] = Object.values(value);
    for (let at = inner.length - 1; at >= 0; at -= 1) waiting.push(inner[at]);
  }
}

/** All nodes of a kind anywhere in a tree. */
export function findAll<Kind extends NodeKind>(tree: unknown, kind: Kind): NodeOf<Kind>[] {
  const found: NodeOf<Kind>[] = [];
  walk(tree, (value) => {
    const fields = value[kind];
    if (typeof fields === 'object' && fields !== null) found.push(fields as NodeOf<Kind>);
  });
  return found;
}

/** The same text for the same meaning: a tree without its places in the file. */
export function fingerprint(tree: unknown): string {
  let text = '';
  // Text is appended as it is; anything else is in a list of one, to tell it from text.
  const waiting: (string | readonly [unknown])[] = [[tree]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const value = typeof next === 'string' ? undefined : next[0];
    if (typeof next === 'string') text += next;
    else if (typeof value !== 'object' || value === null) text += JSON.stringify(value) ?? '';
    else {
      const isList = Array.isArray(value);
      text += isList ? '[' : '{';
      waiting.push(isList ? ']' : '}');
      for (const [key, inner] of Object.entries(value).toReversed()) {
        if (isList) waiting.push(',', [inner]);
        else if (!PLACES.has(key) && inner !== undefined)
          waiting.push(',', [inner], `${JSON.stringify(key)}:`);
      }
    }
  }
  return text;
}

const PLACES = new Set(['location', 'stmt_location', 'stmt_len', 'rexpr_list_start']);
