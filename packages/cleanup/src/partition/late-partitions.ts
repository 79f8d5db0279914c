import type { Query } from '../database.ts';
import type { PartitionContext } from '../wiring.ts';
import { choosePartitions } from './choose-partitions.ts';
import { whyItStays } from './look.ts';
import { readPartitionTree } from './partition-tree.ts';
import { upperBoundIn } from './range-bound.ts';

/**
 * How long the oldest partition that is due has been, in milliseconds: since its end is before the
 * cut-off. Single rows do not count, which wait for the others of their partition; nor do partitions
 * with held rows. 0 when none is due, undefined when `isOver` said so before that was known.
 */
export async function latePartitionMs(
  query: Query,
  context: PartitionContext,
  isOver: () => boolean,
): Promise<number | undefined> {
  const { facts, column, cutOffText } = context;
  const root = await readPartitionTree(query, facts.oid);
  const { due } = await choosePartitions(query, root, { column, text: cutOffText });
  for (const partition of due) {
    if (isOver()) return undefined;
    const stuck = await whyItStays(query, context, partition);
    if (stuck?.isHeld !== true) return lateMsOf(query, partition.bound, context);
  }
  return 0;
}

async function lateMsOf(
  query: Query,
  bound: string,
  { column, cutOffText }: PartitionContext,
): Promise<number> {
  // Of a date, the start of the day, as the cut-off is compared with it.
  const type = column.baseType === 'date' ? 'timestamp' : column.baseType;
  const [row] = await query(
    `select (extract(epoch from $1::${type} - case when isfinite(ended) then ended end) * 1000)::text as late_ms
     from (select $2::${column.baseType}::${type} as ended) bound`,
    [cutOffText, upperBoundIn(bound)?.value ?? null],
  );
  // Without an end that is a time it is due since the database's time began.
  return Math.max(1, Math.round(Number(row?.['late_ms'] ?? Date.parse(cutOffText))));
}
