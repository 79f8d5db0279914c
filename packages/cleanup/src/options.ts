import type { Clock, Duration } from '@ops/timeout';
import type { CleanupPool } from './database.ts';
import type { CleanupEvent } from './events.ts';
import type { CleanupPlan } from './plan.ts';
import type { CleanupPolicy } from './policy.ts';
import type { SqlFragment } from './sql.ts';

/** Options of `createCleanup`. */
export interface CleanupOptions<Name extends string = string> {
  /** A `pg.Pool`, or anything that has its `connect()`. One connection is used at a time, only while a batch runs. */
  readonly pool: CleanupPool;
  /** By name: a letter, then letters, digits, `_` and `-`. They run one after another, in this order. */
  readonly policies: { readonly [K in Name]: CleanupPolicy };
  readonly pace?: Pace | undefined;
  /** Told of progress. What it throws is ignored. */
  readonly onEvent?: ((event: CleanupEvent) => void) | undefined;
  /** Times batches and pauses; never a cut-off. Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** How hard a run may push. */
export interface Pace {
  /**
   * How long one batch should take, in milliseconds, 1 to 10,000; the number of rows follows it. A row
   * that the application wants to change waits up to that long.
   * @default 50
   */
  readonly targetMs?: number | undefined;
  /**
   * Share of the time that is spent in batches, 0.01 to 1; the rest is pauses.
   * @default 0.25
   */
  readonly dutyCycle?: number | undefined;
  /**
   * Rows in one batch at most, 1 to 100,000. Above 20,000 nothing is gained and touched rows wait longer.
   * @default 10_000
   */
  readonly maxBatch?: number | undefined;
  /**
   * Wait for one lock that another session holds, less than `statementTimeout`.
   * @default '100ms'
   */
  readonly lockTimeout?: Duration | undefined;
  /**
   * Limit of one statement, up to `'10m'`. A batch that runs into it is halved.
   * @default '5s'
   */
  readonly statementTimeout?: Duration | undefined;
}

/** Options of `cleanup.plan()`. */
export interface PlanOptions {
  /** Rejects with its reason, between two statements. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `cleanup.run()`. */
export interface RunOptions {
  /**
   * The plan that was looked at. It accepts the share of rows that it shows (and a tenth more), and
   * its cut-offs are used instead of new ones, so what goes is what it counted.
   */
  readonly plan?: CleanupPlan | undefined;
  readonly budget?: Budget | undefined;
  /** Stops the run after the batch in progress; a pause ends at once. The report is still returned. */
  readonly signal?: AbortSignal | undefined;
}

/** When to stop although there is more. Over all policies together. Default: no limit. */
export interface Budget {
  /** From the call of `run()`. The batch in progress is finished. */
  readonly time?: Duration | undefined;
  /** Rows deleted at most, a whole number from 1. Rows that a foreign key cascades to do not count. */
  readonly rows?: number | undefined;
}

/** {@link CleanupOptions} as the rest of the package sees them: complete, units in the names. */
export interface Settings {
  readonly pool: CleanupPool;
  readonly policies: Readonly<Record<string, PolicySettings>>;
  readonly pace: PaceSettings;
  readonly onEvent: ((event: CleanupEvent) => void) | undefined;
  readonly clock: Clock;
}

export interface PolicySettings {
  readonly table: string;
  readonly column: string;
  readonly ageMs: number;
  readonly zone: string | undefined;
  readonly where: SqlFragment | undefined;
  readonly maxShare: number;
}

export interface PaceSettings {
  readonly targetMs: number;
  readonly dutyCycle: number;
  readonly maxBatch: number;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface RunSettings {
  readonly plan: CleanupPlan | undefined;
  /** Infinity: no limit. */
  readonly budgetMs: number;
  readonly budgetRows: number;
  readonly signal: AbortSignal | undefined;
}
