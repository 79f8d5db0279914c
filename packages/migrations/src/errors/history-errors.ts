import { labelOf, listOf, MigrationError, type MigrationRef } from './migration-error.ts';

/** A file that says something else than what was applied. */
export interface DriftedFile extends MigrationRef {
  /**
   * What was applied (`-`) against what the file says now (`+`), as a unified diff with three lines
   * around each change. Undefined when the applied text is not in the history, or when either text
   * has more than 2,000 lines.
   */
  readonly diff: string | undefined;
  /** SHA-256 over the tokens of the applied text and of the file. Of a half-done file, over its done steps. */
  readonly appliedHash: string;
  readonly fileHash: string;
}

/** Files differ from what was applied. Comments, white space and line ends do not count. */
export class DriftError extends MigrationError {
  override readonly name = 'DriftError';
  readonly code = 'ERR_OPS_MIGRATION_DRIFT';
  readonly files: readonly DriftedFile[];

  constructor(files: readonly DriftedFile[]) {
    const diffs = files.flatMap(({ diff }) => (diff === undefined ? [] : [`\n${diff.trimEnd()}`]));
    super(
      `${listOf(files)} changed after being applied${diffs.join('')}`,
      'Bring back the text that was applied and put the change into a new file. Of a file that failed half-way, only the steps still to run may be edited. If the edit is right as it is: repair({ accept }).',
    );
    this.files = files;
  }
}

/** The history has migrations that have no file. */
export class MissingFileError extends MigrationError {
  override readonly name = 'MissingFileError';
  readonly code = 'ERR_OPS_MIGRATION_MISSING_FILE';
  readonly files: readonly MigrationRef[];

  constructor(files: readonly MigrationRef[], table: string) {
    super(
      `${listOf(files)} in the history without a file`,
      `Bring the file back from version control. If this is an older release beside a newer database, let only the newest release call up. If the file was removed for good, repair({ forget }) deletes its row from ${table}.`,
    );
    this.files = files;
  }
}

/** Files are pending that are older than the newest applied one. */
export class OrderError extends MigrationError {
  override readonly name = 'OrderError';
  readonly code = 'ERR_OPS_MIGRATION_ORDER';
  readonly files: readonly MigrationRef[];

  constructor(files: readonly MigrationRef[], newest: MigrationRef) {
    super(
      `${listOf(files)} pending, but older than ${labelOf(newest)}, which is applied`,
      `Give the pending files versions above ${newest.version}; two branches were probably merged. If they do no harm out of order: up({ allowOutOfOrder: true }), or the line -- ops: out-of-order in the file.`,
    );
    this.files = files;
  }
}

/** A `down` got part of the way. */
export class HalfRevertedError extends MigrationError {
  override readonly name = 'HalfRevertedError';
  readonly code = 'ERR_OPS_MIGRATION_HALF_REVERTED';
  readonly files: readonly MigrationRef[];

  constructor(files: readonly MigrationRef[]) {
    super(
      `${listOf(files)} half taken back`,
      'Call down again; it goes on where it ended. After that, up applies the file anew.',
    );
    this.files = files;
  }
}

/** An `up` got part of the way. From `down` and `verify`; another `up` goes on there. */
export class HalfAppliedError extends MigrationError {
  override readonly name = 'HalfAppliedError';
  readonly code = 'ERR_OPS_MIGRATION_HALF_APPLIED';
  readonly files: readonly MigrationRef[];

  constructor(files: readonly MigrationRef[]) {
    super(
      `${listOf(files)} half applied`,
      'Call up; it goes on where it ended. Where a step cannot work, mend it in the file first. Only what is wholly applied can be taken back.',
    );
    this.files = files;
  }
}

/** Migrations are pending. From `assertCurrent` and `wait`. */
export class PendingMigrationsError extends MigrationError {
  override readonly name = 'PendingMigrationsError';
  readonly code = 'ERR_OPS_MIGRATION_PENDING';
  readonly pending: readonly MigrationRef[];

  constructor(pending: readonly MigrationRef[]) {
    super(`${listOf(pending)} pending`, 'Call up() before this release takes traffic.');
    this.pending = pending;
  }
}

/** The history table is not ours, or may not be used by this database user. */
export class HistoryError extends MigrationError {
  override readonly name = 'HistoryError';
  readonly code = 'ERR_OPS_MIGRATION_HISTORY';
}
