import type { Query } from '../database.ts';
import type { DuePartition, Refusal } from '../plan.ts';
import type { PartitionContext } from '../wiring.ts';
import { lookAtPartitions, shownPartition } from './look.ts';

/** What would be dropped; changes nothing and runs in a read-only transaction. */
export interface PartitionPlan {
  /**
   * In the order in which they would go. Those that an interrupted run has taken out are not among
   * them, but in the warnings: they are no part of the table any more.
   */
  readonly due: readonly DuePartition[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
}

export async function planPartitions(
  query: Query,
  context: PartitionContext,
): Promise<PartitionPlan> {
  const { work, refusals, warnings } = await lookAtPartitions(query, context);
  const due = work.filter(({ isOut }) => !isOut).map(({ mark }) => shownPartition(mark));
  return { due, refusals, warnings };
}
