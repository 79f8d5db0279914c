import { MigrationError, type MigrationRef } from './migration-error.ts';

/** Where in a file something is wrong: from 1, the column in characters (not bytes). */
export interface Location {
  /** The file, relative to the working directory when it lies inside. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
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
  /** Who was last seen in the way. Empty when there was no second connection to look with. */
  readonly blockers: readonly Blocker[];

  constructor(
    message: string,
    facts: StatementFacts,
    {
      blockers = [],
      ...cause
    }: Cause & { readonly blockers?: readonly Blocker[] | undefined } = {},
  ) {
    super(message, facts, cause);
    this.blockers = blockers;
  }
}

/** The name of a concurrent index is taken by something else. Nothing was changed. */
export class IndexConflictError extends LocatedError {
  override readonly name = 'IndexConflictError';
  readonly code = 'ERR_OPS_MIGRATION_INDEX_CONFLICT';
}

/** Rows that have the same key. */
export interface DuplicateSample {
  /** Each expression of the index, as PostgreSQL writes it, and its value as text. */
  readonly key: Readonly<Record<string, string | null>>;
  readonly count: number;
}

/** Rows contradict a unique index that was being built. The unfinished index is left for the next `up`. */
export class DuplicateRowsError extends LocatedError {
  override readonly name = 'DuplicateRowsError';
  readonly code = 'ERR_OPS_MIGRATION_DUPLICATE_ROWS';
  /** Up to five keys, those with the most rows first. Empty when finding them took longer than 5 s. */
  readonly samples: readonly DuplicateSample[];

  constructor(
    message: string,
    facts: StatementFacts,
    {
      samples = [],
      ...cause
    }: Cause & { readonly samples?: readonly DuplicateSample[] | undefined } = {},
  ) {
    super(message, facts, cause);
    this.samples = samples;
  }
}

/** What is known about a step of a module that failed. */
export interface CodeFacts extends ErrorOptions {
  readonly migration: MigrationRef;
  /** Which step of the module, from 1. */
  readonly step: number;
  readonly stepCount: number;
  readonly sqlstate?: string | undefined;
  readonly hint?: string | undefined;
}

/**
 * A function or backfill of a module failed. Its transaction, if it has one, was rolled back; the next
 * `up` goes on there. What the function threw is the `cause`.
 */
export class CodeError extends MigrationError {
  override readonly name = 'CodeError';
  readonly code = 'ERR_OPS_MIGRATION_CODE';
  readonly migration: MigrationRef;
  readonly file: string;
  readonly step: number;
  readonly stepCount: number;
  /** PostgreSQL's five-character error code. Undefined when the server raised no error. */
  readonly sqlstate: string | undefined;

  constructor(message: string, facts: CodeFacts) {
    const { migration, step, stepCount, sqlstate, hint, ...options } = facts;
    const state = sqlstate === undefined ? '' : `SQLSTATE ${sqlstate}, `;
    super(`${migration.file}: ${message} (${state}step ${step} of ${stepCount})`, hint, options);
    this.migration = migration;
    this.file = migration.file;
    this.step = step;
    this.stepCount = stepCount;
    this.sqlstate = sqlstate;
  }
}
