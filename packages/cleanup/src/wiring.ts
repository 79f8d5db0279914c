import type { Action, ActionContext } from './batch/action.ts';
import type { CascadeGraph } from './catalog/cascade-graph.ts';
import type { ColumnFacts } from './catalog/columns.ts';
import type { TableFacts } from './catalog/table-facts.ts';
import type { ResolvedHold } from './condition/condition.ts';
import type { Database, Query } from './database.ts';
import type { CleanupEvent } from './events.ts';
import type { Gate } from './gate.ts';
import { createLedger } from './history/create-ledger.ts';
import type { Ledger, LedgerPolicy } from './history/ledger.ts';

import type { PaceSettings, Settings } from './options.ts';
import { dropPartitions } from './partition/drop-partitions.ts';
import { planPartitions } from './partition/plan-partitions.ts';
import type { DuePartition, Refusal } from './plan.ts';
import type { SoftDeleteSettings } from './policy/policy-settings.ts';
import type { StopReason } from './report.ts';
import type { RunBudget } from './run-budget.ts';
import { createSoftDeleteAction } from './soft-delete/soft-delete-action.ts';

/** A policy that drops partitions, looked up. */
export interface PartitionContext {
  readonly policy: string;
  /** Undefined while planning. */
  readonly runId: string | undefined;
  readonly facts: TableFacts;
  readonly graph: CascadeGraph;
  /** A partition that has a row which a hold covers stays. */
  readonly holds: readonly ResolvedHold[];
  /** The column of `olderThan`. */
  readonly column: ColumnFacts;
  /** The cut-off as the column is compared with it. */
  readonly cutOffText: string;
  readonly historySchema: string;
}

/** What dropping may use. */
export interface PartitionRun {
  readonly database: Database;
  readonly pace: PaceSettings;
  readonly budget: RunBudget;
  readonly gate: Gate;
  readonly ledger: LedgerPolicy;
  readonly emit: (event: CleanupEvent) => void;
}

export interface PartitionOutcome {
  readonly stopped: StopReason;
  readonly dropped: readonly DuePartition[];
  readonly notes: readonly string[];
  /** Set when `stopped` is `failed`. */
  readonly error?: unknown;
}

/** The parts that are built apart from the runner. */
export interface Wiring {
  readonly createLedger: (
    settings: Pick<Settings, 'name' | 'history' | 'clock' | 'random' | 'logger'>,
  ) => Ledger;
  readonly createSoftDeleteAction:
    | ((settings: SoftDeleteSettings, context: ActionContext, historySchema: string) => Action)
    | undefined;
  readonly partitions:
    | {
        readonly plan: (
          query: Query,
          context: PartitionContext,
        ) => Promise<{
          readonly due: readonly DuePartition[];
          readonly refusals: readonly Refusal[];
          readonly warnings: readonly string[];
        }>;
        readonly drop: (context: PartitionContext, run: PartitionRun) => Promise<PartitionOutcome>;
      }
    | undefined;
}

export const wiring: Wiring = {
  createLedger,
  createSoftDeleteAction,
  partitions: { plan: planPartitions, drop: dropPartitions },
};
