import type { LockHolder, MigrationRef } from './errors.ts';

/** A step of a migration: its place in the file and how it runs. */
export interface StepRef {
  /**
   * `transaction`: one or more statements in a transaction. `index`: a concurrent index build.
   * `standalone`: a statement that cannot be in a transaction.
   */
  readonly kind: 'transaction' | 'index' | 'standalone';
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** Line of its first statement, from 1. */
  readonly line: number;
  /** Name of the index. Only with `index`. */
  readonly index: string | undefined;
}

/** A session that another one waits for. */
export interface Blocker {
  readonly pid: number;
  readonly applicationName: string | undefined;
  /** The start of its current or last statement, when this database user may see it. */
  readonly query: string | undefined;
  /** Age of its transaction. */
  readonly ageMs: number | undefined;
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
      /** The lock is held, and at least one file is pending. */
      readonly type: 'locked';
      readonly waitedMs: number;
      readonly pendingCount: number;
    }
  | {
      readonly type: 'migration-started';
      readonly migration: MigrationRef;
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
      readonly durationMs: number;
    };
