import type { CleanState } from '../database/prepare-session.ts';
import type { Session } from '../database/session.ts';
import type { MigrationEvent, StepRef } from '../events.ts';
import type { History, Progress } from '../history/history.ts';
import type { Migration, Step } from '../migration.ts';
import type { Settings } from '../options.ts';
import { positionOf } from '../sql/position.ts';
import type { Watcher } from './watcher.ts';

/** An index whose unfinished remains were dropped and which was built anew. */
export interface RecoveredIndex {
  readonly index: string;
  /** File that creates it. */
  readonly file: string;
}

/** One `up` or `down` that holds the lock: what every step of it needs. */
export interface Run {
  readonly settings: Settings;
  readonly session: Session;
  readonly history: History;
  readonly state: CleanState;
  readonly watcher: Watcher;
  readonly signal: AbortSignal | undefined;
  readonly emit: (event: MigrationEvent) => void;
  /** Grows while steps run; ends up in the report. */
  readonly tally: { retried: number; readonly recovered: RecoveredIndex[] };
}

/** One step of one migration in one run. */
export interface StepRun<S extends Step = Step> {
  readonly run: Run;
  /** On the way down, its text, statements and steps are those of the down part. */
  readonly migration: Migration;
  readonly step: S;
  readonly ref: StepRef;
  /** True when an earlier run began this step and did not see it end. */
  readonly wasInterrupted: boolean;
  /** Where an earlier run got to within this step, a backfill. */
  readonly position: string | undefined;
  /** The statement that records how far the migration has got. */
  recordSql(progress: StepProgress): string;
}

/** How far a migration has got, without which one it is. */
export type StepProgress = Omit<Progress, 'migration'>;

export function stepRefOf(migration: Migration, index: number): StepRef {
  const step = migration.steps[index] as Step;
  return {
    kind: step.kind,
    number: index + 1,
    count: migration.steps.length,
    line: positionOf(migration.text, step.statements[0]?.start ?? 0).line,
    index: step.kind === 'index' ? step.target.name : undefined,
  };
}
