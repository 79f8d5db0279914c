// Running migrations and asking about them.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout/check';
export type { AdoptOptions, AdoptReport } from './adopt.ts';
export type { BaselineReport } from './baseline.ts';
// Migrations written as code.
export { type Backfill, type BackfillOptions, backfill } from './code/backfill.ts';
export {
  type CodeContext,
  type CodeMigration,
  type CodeMigrationOptions,
  type CodeWork,
  defineMigration,
} from './code/define-migration.ts';
// As much of pg as is used.
export type {
  ConnectionSource,
  SqlClient,
  SqlPool,
  SqlPoolClient,
  SqlResult,
} from './database/client.ts';
export type { DownOptions, DownReport, RevertedNow } from './down.ts';
export type { DroppedIndexes, LeftIndex } from './engine/drop-unfinished.ts';
export type { RecoveredIndex } from './engine/run.ts';
export {
  AdoptError,
  type AdoptProblem,
  type Blocker,
  CodeError,
  ConnectionError,
  DriftError,
  type DriftedFile,
  DuplicateRowsError,
  type DuplicateSample,
  type FileProblem,
  HalfAppliedError,
  HalfRevertedError,
  HistoryError,
  IndexConflictError,
  InvalidIndexError,
  IrreversibleError,
  type IrreversibleFile,
  LocatedError,
  type Location,
  type LockHolder,
  LockTimeoutError,
  LockWaitError,
  MigrationError,
  type MigrationRef,
  MissingFileError,
  OrderError,
  PendingMigrationsError,
  PooledConnectionError,
  RepairError,
  SourceError,
  StalePlanError,
  StatementError,
  type StatementFacts,
  type UnfinishedIndex,
} from './errors.ts';
// What happens meanwhile.
export type { MigrationEvent, StepRef } from './events.ts';
export type { AdoptedTool } from './history/adopt/tool.ts';
export type { MigrationNote } from './history/compare.ts';
export { type CallOptions, createMigrator, type Migrator } from './migrator.ts';
export type {
  HistoryOptions,
  LockOptions,
  MigratorOptions,
  RetryOptions,
  TimeoutOptions,
} from './options.ts';
export type {
  Plan,
  PlanData,
  PlannedStep,
  PlanOptions,
  PlanWarning,
  PlanWarningCode,
} from './plan/plan.ts';
export type { RepairOptions, RepairReport } from './repair.ts';
// Where migrations come from.
export { directory } from './sources/directory.ts';
export { definePack, type Pack, type PackOptions, pack } from './sources/pack.ts';
export type {
  Applicability,
  DirectorySource,
  PackMigration,
  PackSource,
  Source,
} from './sources/source.ts';
export type { AppliedMigration, MigrationStatus, PendingStatus } from './status.ts';
export type { AppliedNow, UpOptions, UpReport } from './up.ts';
export type { VerifyReport } from './verify.ts';
export type { WaitOptions } from './wait.ts';
