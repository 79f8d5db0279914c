import type { Blocker, LockHolder, MigrationRef } from './errors.ts';

export type { Blocker } from './errors.ts';

/** A step of a migration: its place in the file and how it runs. */
export interface StepRef {
  /**
   * `transaction`: one or more statements in a transaction. `index`: a concurrent index build.
   * `standalone`: a statement that runs alone. `code`: a function of a module. `backfill`: batches.
   */
  readonly kind: 'transaction' | 'index' | 'standalone' | 'code' | 'backfill';
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** Line of its first statement, from 1. 1 for a step of a module. */
  readonly line: number;
  /** Name of the index. Only with `index`. */
  readonly index: string | undefined;
}

/** What `onEvent` is told. More types may come; ignore those you do not know. */
export type MigrationEvent =
  | {
      /** Another process migrates. Told at once, when the holder changes, and every 10 s. */
      readonly type: 'waiting';
      readonly holder: LockHolder | undefined;
      readonly waitedMs: number;
    }
  | {
      /** The lock is held, and at least one file is to be applied or taken back. */
      readonly type: 'locked';
      readonly waitedMs: number;
      readonly pendingCount: number;
    }
  | {
      /** Small files that go quickly are sent together: what happens to each is told afterwards. */
      readonly type: 'migration-started';
      readonly migration: MigrationRef;
      /** Whether it is applied or taken back. */
      readonly direction: 'up' | 'down';
      readonly stepCount: number;
      /** Above 0 when an earlier run got part of the way. */
      readonly stepsDone: number;
    }
  | {
      readonly type: 'step-started';
      readonly migration: MigrationRef;
      readonly step: StepRef;
    }
  | {
      /** A concurrent build is running. About once a second, from a second connection. */
      readonly type: 'index-progress';
      readonly migration: MigrationRef;
      readonly step: StepRef;
      /** As in `pg_stat_progress_create_index`. */
      readonly phase: string;
      /** 0 to 1 within the phase. Undefined where the phase cannot tell. */
      readonly ratio: number | undefined;
      /** Sessions whose transactions have to end first. */
      readonly waitingFor: readonly Blocker[];
    }
  | {
      /** Somebody else builds this index; their build is awaited. About once a second. */
      readonly type: 'index-followed';
      readonly migration: MigrationRef;
      readonly step: StepRef;
      readonly pid: number;
    }
  | {
      /** The remains of a build that did not finish were dropped; it is built anew. */
      readonly type: 'index-recovered';
      readonly migration: MigrationRef;
      readonly step: StepRef;
    }
  | {
      /** A batch of a backfill was changed and recorded. */
      readonly type: 'backfill-progress';
      readonly migration: MigrationRef;
      readonly step: StepRef;
      /** Changed so far, in all runs. */
      readonly rows: number;
      readonly batches: number;
      /** 0 to 1, by the size that ANALYZE last saw. Undefined with a `where`, until the end. */
      readonly ratio: number | undefined;
    }
  | {
      /** A step met a lock timeout or deadlock and is tried again after `delayMs`. */
      readonly type: 'retry';
      readonly migration: MigrationRef;
      readonly step: StepRef;
      /** The try that failed, from 1. */
      readonly attempt: number;
      readonly attempts: number;
      readonly sqlstate: string;
      readonly delayMs: number;
      /** Who was in the way. Empty when there was no second connection to look with. */
      readonly blockers: readonly Blocker[];
    }
  | {
      readonly type: 'step-finished';
      readonly migration: MigrationRef;
      readonly step: StepRef;
      /** `present`: the index was there already, or an interrupted run had done it. */
      readonly outcome: 'done' | 'present';
      readonly durationMs: number;
    }
  | {
      readonly type: 'migration-finished';
      readonly migration: MigrationRef;
      readonly direction: 'up' | 'down';
      readonly durationMs: number;
    };
