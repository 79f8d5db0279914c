// Running migrations and asking about them.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
// As much of pg as is used.
export type {
  ConnectionSource,
  SqlClient,
  SqlPool,
  SqlPoolClient,
  SqlResult,
} from './database/client.ts';
export type { RecoveredIndex } from './engine/run.ts';
export {
  ConnectionError,
  DriftError,
  DuplicateRowsError,
  type FileProblem,
  HistoryError,
  IndexConflictError,
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
  SourceError,
  StatementError,
  type StatementFacts,
} from './errors.ts';
// What happens meanwhile.
export type { Blocker, MigrationEvent, StepRef } from './events.ts';
export { type CallOptions, createMigrator, type Migrator } from './migrator.ts';
export type {
  HistoryOptions,
  LockOptions,
  MigratorOptions,
  RetryOptions,
  TimeoutOptions,
} from './options.ts';
// Where migrations come from.
export { directory, type Source } from './sources/directory.ts';
export type { AppliedMigration, MigrationStatus, PendingStatus } from './status.ts';
export type { AppliedNow, UpReport } from './up.ts';
