import type { CascadeGraph, CascadeKey } from '../catalog/cascade-graph.ts';
import type { ColumnFacts } from '../catalog/columns.ts';
import { quoteIdentifier } from '../identifier.ts';
import { isHeld, type ResolvedHold } from './hold-sql.ts';

/** Rows that a deleted row takes along, and that a hold may cover, or whose own children may. */
export interface HeldChild {
  readonly key: CascadeKey;
  /** The holds whose columns the child has. */
  readonly holds: readonly ResolvedHold[];
  readonly children: readonly HeldChild[];
}

/** The ways down from `parent` on which there are tables that holds can be looked up for. */
export function findHeldChildren(
  graph: CascadeGraph,
  parent: string,
  columnsOf: ReadonlyMap<string, readonly ColumnFacts[]>,
  holds: readonly ResolvedHold[],
): readonly HeldChild[] {
  return graph.cascades
    .filter((key) => key.parent.oid === parent)
    .map((key) => {
      const names = columnsOf.get(key.child.oid)?.map(({ name }) => name) ?? [];
      return {
        key,
        holds: holds.filter((hold) => hold.on.every(([, own]) => names.includes(own))),
        children: findHeldChildren(graph, key.child.oid, columnsOf, holds),
      };
    })
    .filter((child) => child.holds.length > 0 || child.children.length > 0);
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
