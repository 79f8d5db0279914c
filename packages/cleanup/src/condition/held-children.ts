import type { CascadeGraph, CascadeKey } from '../catalog/cascade-graph.ts';
import { type ColumnFacts, primaryKey } from '../catalog/columns.ts';
import { quoteIdentifier } from '../identifier.ts';
import { isHeld, type ResolvedHold } from './hold-sql.ts';

/** Rows that a deleted row takes along, and that a hold may cover, or whose own children may. */
export interface HeldChild {
  readonly key: CascadeKey;
  /** The holds whose columns the child has. */
  readonly holds: readonly ResolvedHold[];
  readonly children: readonly HeldChild[];
}

/**
 * The ways down from `parent` on which there are tables that holds can be looked up for. `columnsOf`
 * has the columns of all tables of the graph, and of `parent`.
 */
export function findHeldChildren(
  graph: CascadeGraph,
  parent: string,
  columnsOf: ReadonlyMap<string, readonly ColumnFacts[]>,
  holds: readonly ResolvedHold[],
): readonly HeldChild[] {
  const names = [...new Set(holds.flatMap((hold) => hold.on.map(([, own]) => own)))];
  const rootKey = keyNames(columnsOf.get(parent));
  const below = (oid: string, above: readonly string[]): readonly HeldChild[] =>
    graph.cascades
      .filter((key) => key.parent.oid === oid)
      .map((key) => {
        const columns = columnsOf.get(key.child.oid) ?? [];
        const same = names.filter((name) => isSame(name, { key, columns, above, rootKey }));
        return {
          key,
          holds: holds.filter((hold) => hold.on.every(([, own]) => same.includes(own))),
          children: below(key.child.oid, same),
        };
      })
      .filter((child) => child.holds.length > 0 || child.children.length > 0);
  return below(parent, names);
}

function keyNames(columns: readonly ColumnFacts[] = []): readonly string[] {
  return primaryKey(columns).map(({ name }) => name);
}

/** A child, and what is known of the tables above it. */
interface Kinship {
  readonly key: CascadeKey;
  readonly columns: readonly ColumnFacts[];
  /** Columns of the referenced table that mean what they mean in the policy's. */
  readonly above: readonly string[];
  /** The primary key of the policy's table. */
  readonly rootKey: readonly string[];
}

/**
 * Whether a child's column means what the column of that name means in the policy's table. A foreign
 * key over it says so, or the contrary. Otherwise its name does, unless it is the key by which either
 * table tells its rows apart: a child's `id` is not its parent's, and a hold on job 7 is none on step 7.
 * `user_id` in the key (job_id, user_id) of members is a user still.
 */
function isSame(name: string, { key, columns, above, rootKey }: Kinship): boolean {
  if (!columns.some((column) => column.name === name)) return false;
  const at = key.columns.indexOf(name);
  if (at >= 0) return key.parentColumns[at] === name && above.includes(name);
  return !(rootKey.includes(name) && (rootKey.length === 1 || keyNames(columns).includes(name)));
}

/** The children that are looked at, as a person reads it. */
export function heldChildNames(children: readonly HeldChild[]): readonly string[] {
  const names = children.flatMap(({ key, holds, children: deeper }) => [
    ...holds.map(
      ({ on, sql }) =>
        `${key.child.sql} (${on.map(([, own]) => quoteIdentifier(own)).join(', ')}) in ${sql}`,
    ),
    ...heldChildNames(deeper),
  ]);
  return [...new Set(names)];
}

/** SQL that is true when no row that goes with the row of `alias` is held. */
export function takesNoneHeld(
  alias: string,
  { key, holds, children }: HeldChild,
  values: unknown[],
): string {
  const name = `ops_cleanup_child_${key.depth}`;
  const pairs = key.columns.map(
    (column, index) =>
      `${name}.${quoteIdentifier(column)} = ${alias}.${quoteIdentifier(key.parentColumns[index] ?? '')}`,
  );
  const reasons = [
    ...holds.map((hold) => isHeld(name, hold, values)),
    ...children.map((child) => `not ${takesNoneHeld(name, child, values)}`),
  ];
  return `not exists (
      select
      from ${key.child.sql} ${name}
      where ${pairs.join(' and ')}
        and (${reasons.join('\n        or ')})
    )`;
}
