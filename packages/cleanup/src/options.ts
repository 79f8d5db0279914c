import type { Clock, Duration } from '@ops/timeout';
import type { CleanupPool } from './database.ts';
import type { CleanupEvent } from './events.ts';
import type { CleanupPlan } from './plan.ts';
import type { HoldSettings, PolicySettings } from './policy/policy-settings.ts';
import type { CleanupPolicy } from './policy.ts';
import type { SqlFragment } from './sql.ts';
import type { Throttle } from './throttle/throttle.ts';

/** Options of `createCleanup`. */
export interface CleanupOptions<Name extends string = string> {
  /** A `pg.Pool`, or anything that has its `connect()`. One connection is used at a time, only while a batch runs. */
  readonly pool: CleanupPool;
  /**
   * Of the lease: cleanups of the same name, in any process, run one at a time. A letter, then
   * letters, digits, `_` and `-`.
   * @default 'default'
   */
  readonly name?: string | undefined;
  /** By name: a letter, then letters, digits, `_` and `-`. They run one after another, in this order. */
  readonly policies: { readonly [K in Name]: CleanupPolicy };
  /** Rows that they cover stay, whatever the policy. Joined into every statement of every policy. */
  readonly holds?: readonly Hold[] | undefined;
  readonly pace?: Pace | undefined;
  /** Asked before every batch; all of them must let it go. */
  readonly throttle?: readonly Throttle[] | undefined;
  readonly history?: HistoryOptions | undefined;
  /** Told of progress. What it throws is ignored. */
  readonly onEvent?: ((event: CleanupEvent) => void) | undefined;
  /** Silent by default. */
  readonly logger?: CleanupLogger | undefined;
  /** Times batches and pauses; never a cut-off. Default: the real time. */
  readonly clock?: Clock | undefined;
  /** 0 to 1, for jitter and tokens' tie-breaks; nothing secret. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Rows that must stay: those for which `table` has a row that is `active`. */
export interface Hold {
  /** As a policy's `table`. An ordinary or partitioned table. */
  readonly table: string;
  /** Columns of the hold to those of the row: `{ subject_id: 'user_id' }`. Nulls match nothing. */
  readonly on: Readonly<Record<string, string>>;
  /** A condition over the hold's columns. Default: every row of it holds. */
  readonly active?: SqlFragment | undefined;
}

/** Where runs are written down. */
export interface HistoryOptions {
  /** @default 'ops_cleanup' */
  readonly schema?: string | undefined;
  /**
   * Older runs are forgotten, from `'1d'`.
   * @default '400d'
   */
  readonly keep?: Duration | undefined;
}

/** The part of a logger that is used; pino and console fit. What it throws is ignored. */
export interface CleanupLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
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
   * Bytes of rows in one batch at most, as stored, 1,000 to 10,000,000,000; a single row may be
   * larger. A fat row costs as much as hundreds of small ones.
   * @default 16_000_000
   */
  readonly maxBatchBytes?: number | undefined;
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
  /** Names of the policies to look at. Default: all of them. */
  readonly policies?: readonly string[] | undefined;
  /** Rejects with its reason, between two statements. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `cleanup.status()`. */
export interface StatusOptions {
  /** Names of the policies to look at. Default: all of them. */
  readonly policies?: readonly string[] | undefined;
  /**
   * How long rows may be due without a run that drains the policy, from `'1m'`.
   * @default '48h': a nightly run may be missed once
   */
  readonly overdueAfter?: Duration | undefined;
  /** Rejects with its reason, between two statements. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `cleanup.stop()`. */
export interface StopOptions {
  /** Who asks, for the history. */
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** Rejects with its reason while a connection is waited for. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `cleanup.run()`. */
export interface RunOptions {
  /**
   * The plan that was looked at. It accepts the share of rows that it shows (and a tenth more), and
   * its cut-offs are used instead of new ones, so what goes is what it counted.
   */
  readonly plan?: CleanupPlan | undefined;
  /**
   * The `hash` of a plan that was looked at, of these very policies: accepts the shares that it
   * showed. Refused when a plan would have another hash now.
   */
  readonly accept?: string | undefined;
  /** Names of the policies to run. Default: all of them. */
  readonly policies?: readonly string[] | undefined;
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
  readonly name: string;
  readonly policies: Readonly<Record<string, PolicySettings>>;
  readonly holds: readonly HoldSettings[];
  readonly pace: PaceSettings;
  readonly throttles: readonly Throttle[];
  readonly history: HistorySettings;
  readonly onEvent: ((event: CleanupEvent) => void) | undefined;
  readonly logger: CleanupLogger;
  readonly clock: Clock;
  readonly random: () => number;
}

interface HistorySettings {
  readonly schema: string;
  readonly keepMs: number;
}

export interface PaceSettings {
  readonly targetMs: number;
  readonly dutyCycle: number;
  readonly maxBatch: number;
  readonly maxBatchBytes: number;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface RunSettings {
  readonly plan: CleanupPlan | undefined;
  readonly accept: string | undefined;
  /** Undefined: all. */
  readonly policies: readonly string[] | undefined;
  /** Infinity: no limit. */
  readonly budgetMs: number;
  readonly budgetRows: number;
  readonly signal: AbortSignal | undefined;
}
