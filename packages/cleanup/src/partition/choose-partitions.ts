import type { ColumnFacts } from '../catalog/columns.ts';
import type { Query } from '../database.ts';
import { type PartitionNode, withDescendants } from './partition-tree.ts';
import { upperBoundIn } from './range-bound.ts';

/** Which partitions hold nothing but rows before the cut-off. */
export interface ChosenPartitions {
  /** Those that end first come first. */
  readonly due: readonly PartitionNode[];
  /** Due as well, and kept because they are the last of their parent. */
  readonly last: readonly PartitionNode[];
  /** Tables that are partitioned by range on the column. */
  readonly byTime: readonly PartitionNode[];
}

/** Text as the column is compared with it. */
export interface CutOff {
  readonly column: ColumnFacts;
  readonly text: string;
}

/**
 * Goes down from the root: at a table that is partitioned by range on the column, a partition that
 * ends at the cut-off or before goes with all below it; the others are gone down into. Rows below a
 * bound are before it, so a bound at the cut-off will do.
 */
export async function choosePartitions(
  query: Query,
  root: PartitionNode,
  cutOff: CutOff,
): Promise<ChosenPartitions> {
  const byTime = withDescendants(root).filter((node) => node.rangeColumn === cutOff.column.name);
  const parts = byTime.flatMap(({ children }) => children).filter(isCandidate);
  const ends = await judgeBounds(query, parts, cutOff);
  const due: PartitionNode[] = [];
  const last: PartitionNode[] = [];
  const visit = (node: PartitionNode): void => {
    const own = byTime.includes(node) ? node.children.filter(isCandidate) : [];
    const over = own.filter(({ oid }) => ends.get(oid)?.isOver === true);
    const latest = over.length === own.length ? latestOf(over, ends) : undefined;
    if (latest) last.push(latest);
    due.push(...over.filter((part) => part !== latest));
    for (const child of node.children.filter((each) => !over.includes(each))) visit(child);
  };
  visit(root);
  const place = ({ oid }: PartitionNode): number => ends.get(oid)?.place ?? 0;
  return { due: due.toSorted((a, b) => place(a) - place(b)), last, byTime };
}

function isCandidate({ isDefault, isPending }: PartitionNode): boolean {
  return !isDefault && !isPending;
}

interface End {
  readonly isOver: boolean;
  /** In order of time. */
  readonly place: number;
}

function latestOf(
  parts: readonly PartitionNode[],
  ends: ReadonlyMap<string, End>,
): PartitionNode | undefined {
  const place = ({ oid }: PartitionNode): number => ends.get(oid)?.place ?? 0;
  return parts.toSorted((a, b) => place(b) - place(a))[0];
}

/** The server compares, which knows of infinity, years before Christ and microseconds. */
async function judgeBounds(
  query: Query,
  parts: readonly Pick<PartitionNode, 'oid' | 'bound'>[],
  { column, text }: CutOff,
): Promise<ReadonlyMap<string, End>> {
  const bounds = parts.flatMap(({ oid, bound }) => {
    const upper = upperBoundIn(bound);
    return upper ? [{ oid, ...upper }] : [];
  });
  const isDate = column.baseType === 'date';
  const rows = await query(
    `select
       oid,
       coalesce(
         case when is_inclusive then value < cut_off else value <= cut_off end,
         false
       )::text as is_over,
       (row_number() over (order by value nulls last))::text as place
     from (
       select
         part.oid,
         part.value::${column.baseType} as value,
         part.is_inclusive,
         $4::${isDate ? 'timestamp' : column.baseType} as cut_off
       from unnest($1::text[], $2::text[], $3::boolean[]) part (oid, value, is_inclusive)
     ) part`,
    [
      bounds.map(({ oid }) => oid),
      bounds.map(({ value }) => value ?? null),
      bounds.map(({ isInclusive }) => isInclusive),
      text,
    ],
  );
  return new Map(
    rows.map((row) => [
      row['oid'] ?? '',
      { isOver: row['is_over'] === 'true', place: Number(row['place']) },
    ]),
  );
}

/** Whether a partition with this bound is still due. */
export async function isBoundOver(query: Query, bound: string, cutOff: CutOff): Promise<boolean> {
  return (await judgeBounds(query, [{ oid: '0', bound }], cutOff)).get('0')?.isOver === true;
}
