/** Where in a file something is wrong: from 1, the column in characters (not bytes). */
export interface Location {
  /** The file, relative to the working directory when it lies inside. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A session that holds a lock, as far as this database user may see it. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string | undefined;
  /** When its connection was opened. */
  readonly since: Date | undefined;
}

/** A migration in an error, an event or a report. */
export interface MigrationRef {
  /** The digits of the file name without leading zeros. */
  readonly version: string;
  readonly name: string;
  /** The file, relative to the working directory when it lies inside. */
  readonly file: string;
}

/** What all errors of `up`, `status` and `assertCurrent` have in common. Tell them apart by `code`. */
export abstract class MigrationError extends Error {
  abstract readonly code: `ERR_OPS_MIGRATION_${string}`;
  /** What to do about it; also the end of the message. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(hint === undefined ? message : `${message}\nHint: ${hint}`, options);
    this.hint = hint;
  }
}

/** One thing wrong with the files, before any database is asked. */
export interface FileProblem {
  readonly file: string;
  /** Undefined when the file or folder as a whole is meant. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
  readonly hint: string;
}

/** Files cannot be used. Carries all problems of all files; nothing was run. */
export class SourceError extends MigrationError {
  override readonly name = 'SourceError';
  readonly code = 'ERR_OPS_MIGRATION_SOURCE';
  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[]) {
    const lines = problems.map(({ file, line, column, message, hint }) => {
      const place = line === undefined ? file : `${file}:${line}:${column}`;
      return `- ${place}: ${message}\n  ${hint}`;
    });
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${count} in the migration files; nothing was run\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** The database cannot be reached, or the connection was lost. The message is one line. */
export class ConnectionError extends MigrationError {
  override readonly name = 'ConnectionError';
  readonly code = 'ERR_OPS_MIGRATION_CONNECTION';
}

/** The connection changes its server process between statements, as behind a transaction pooler. */
export class PooledConnectionError extends MigrationError {
  override readonly name = 'PooledConnectionError';
  readonly code = 'ERR_OPS_MIGRATION_POOLED';

  constructor() {
    super(
      'The connection goes through a pooler in transaction mode, where a lock belongs to nobody; nothing was run',
      'Connect straight to the server or to a pooler in session mode (Supabase: port 5432 instead of 6543; PgBouncer: pool_mode=session).',
    );
  }
}

/** Another process held the migration lock for longer than `lock.wait`. */
export class LockWaitError extends MigrationError {
  override readonly name = 'LockWaitError';
  readonly code = 'ERR_OPS_MIGRATION_LOCK_WAIT';
  readonly waitedMs: number;
  readonly holder: LockHolder | undefined;

  constructor(waitedMs: number, holder: LockHolder | undefined) {
    const who = holder
      ? `pid ${holder.pid}${holder.applicationName ? ` (${holder.applicationName})` : ''}, connected since ${holder.since?.toISOString() ?? 'an unknown time'}`
      : 'a session that is gone by now';
    super(
      `Waited ${Math.round(waitedMs)} ms for the migration lock, held by ${who}`,
      'Let the other run finish, or raise lock.wait. If it hangs: select pg_terminate_backend(pid).',
    );
    this.waitedMs = waitedMs;
    this.holder = holder;
  }
}

/** Files differ from what was applied. Comments, white space and line ends do not count. */
export class DriftError extends MigrationError {
  override readonly name = 'DriftError';
  readonly code = 'ERR_OPS_MIGRATION_DRIFT';
  readonly files: readonly MigrationRef[];

  constructor(files: readonly MigrationRef[]) {
    super(
      `${list(files)} changed after being applied`,
      'Bring back the text that was applied and put the change into a new file. Of a file that failed half-way, only the steps still to run may be edited.',
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
      `${list(files)} in the history without a file`,
      `Bring the file back from version control. If this is an older release beside a newer database, let only the newest release call up. If the file was removed for good, delete its row from ${table}.`,
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
      `${list(files)} pending, but older than ${newest.version}_${newest.name}, which is applied`,
      `Give the pending files versions above ${newest.version}; two branches were probably merged.`,
    );
    this.files = files;
  }
}

/** Migrations are pending. From `assertCurrent`. */
export class PendingMigrationsError extends MigrationError {
  override readonly name = 'PendingMigrationsError';
  readonly code = 'ERR_OPS_MIGRATION_PENDING';
  readonly pending: readonly MigrationRef[];

  constructor(pending: readonly MigrationRef[]) {
    super(`${list(pending)} pending`, 'Call up() before this release takes traffic.');
    this.pending = pending;
  }
}

/** The history table is not ours, or may not be used by this database user. */
export class HistoryError extends MigrationError {
  override readonly name = 'HistoryError';
  readonly code = 'ERR_OPS_MIGRATION_HISTORY';
}

/** What is known about a statement that failed. */
export interface StatementFacts extends Location {
  /** The line with a caret beneath the place. */
  readonly excerpt: string;
  /** Which statement of the file, from 1. */
  readonly statement: number;
  readonly statementCount: number;
}

/** What is known beyond the place. */
interface Cause extends ErrorOptions {
  readonly sqlstate?: string | undefined;
  readonly hint?: string | undefined;
}

/** What all errors about one statement of a file have in common. */
export abstract class LocatedError extends MigrationError implements StatementFacts {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
  readonly statement: number;
  readonly statementCount: number;
  /** PostgreSQL's five-character error code. Undefined when the server raised no error. */
  readonly sqlstate: string | undefined;

  constructor(message: string, facts: StatementFacts, { sqlstate, hint, ...options }: Cause = {}) {
    const { file, line, column, excerpt, statement, statementCount } = facts;
    const state = sqlstate === undefined ? '' : `SQLSTATE ${sqlstate}, `;
    super(
      `${file}:${line}:${column}: ${message} (${state}statement ${statement} of ${statementCount})\n${excerpt}`,
      hint,
      options,
    );
    this.file = file;
    this.line = line;
    this.column = column;
    this.excerpt = excerpt;
    this.statement = statement;
    this.statementCount = statementCount;
    this.sqlstate = sqlstate;
  }
}

/** A statement of a file failed. Its transaction was rolled back; the next `up` goes on there. */
export class StatementError extends LocatedError {
  override readonly name = 'StatementError';
  readonly code = 'ERR_OPS_MIGRATION_SQL';
}

/** A lock was not to be had (55P03), or deadlocks (40P01) went on, in every one of the attempts. */
export class LockTimeoutError extends LocatedError {
  override readonly name = 'LockTimeoutError';
  readonly code = 'ERR_OPS_MIGRATION_LOCK_TIMEOUT';
}

/** The name of a concurrent index is taken by something else. Nothing was changed. */
export class IndexConflictError extends LocatedError {
  override readonly name = 'IndexConflictError';
  readonly code = 'ERR_OPS_MIGRATION_INDEX_CONFLICT';
}

/** Rows contradict a unique index that was being built. The unfinished index is left for the next `up`. */
export class DuplicateRowsError extends LocatedError {
  override readonly name = 'DuplicateRowsError';
  readonly code = 'ERR_OPS_MIGRATION_DUPLICATE_ROWS';
}

function list(files: readonly MigrationRef[]): string {
  const names = files.map(({ version, name }) => `${version}_${name}`);
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'} (${shown.join(', ')})`;
}
