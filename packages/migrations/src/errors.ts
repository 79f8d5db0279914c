// Everything that is thrown, by what it is about.

export { AdoptError, type AdoptProblem } from './errors/adopt-errors.ts';
export {
  IrreversibleError,
  type IrreversibleFile,
  RepairError,
  StalePlanError,
} from './errors/command-errors.ts';
export {
  ConnectionError,
  InvalidIndexError,
  type LockHolder,
  LockWaitError,
  PooledConnectionError,
  type UnfinishedIndex,
} from './errors/database-errors.ts';
export {
  DriftError,
  type DriftedFile,
  HalfAppliedError,
  HalfRevertedError,
  HistoryError,
  MissingFileError,
  OrderError,
  PendingMigrationsError,
} from './errors/history-errors.ts';
export { labelOf, MigrationError, type MigrationRef } from './errors/migration-error.ts';
export { type FileProblem, SourceError } from './errors/source-errors.ts';
export {
  type Blocker,
  CodeError,
  DuplicateRowsError,
  type DuplicateSample,
  IndexConflictError,
  LocatedError,
  type Location,
  LockTimeoutError,
  StatementError,
  type StatementFacts,
} from './errors/statement-errors.ts';
export { AdviceMethodError, MissingPeerError } from './errors/tooling-errors.ts';
