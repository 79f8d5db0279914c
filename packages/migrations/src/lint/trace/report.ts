import type { Blocks, TraceLockMode } from './lock-mode.ts';

/** A lock on something that was there before. */
export interface TracedLock {
  /** As SQL writes it, without the schema when that is `public`. */
  readonly relation: string;
  readonly kind: 'table' | 'view' | 'index';
  /** The strongest that was taken. */
  readonly mode: TraceLockMode;
  readonly blocks: Blocks;
}

/** A statement that others notice. */
export interface TraceEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** Which statement of the file, from 1. */
  readonly statement: number;
  readonly statementCount: number;
  /** Its first 500 characters. */
  readonly sql: string;
  /** Locks that it took, and that are held until its transaction ends. */
  readonly locks: readonly TracedLock[];
  /** Locks that block, taken by earlier statements of the same transaction and still held. */
  readonly held: readonly TracedLock[];
  /**
   * What nobody else can do while it runs, by `locks` and `held`. `'not observed'` for a statement that
   * runs outside of a transaction: its locks are gone before they can be looked at.
   */
  readonly blocks: Blocks | 'not observed';
  /** Statements of the same transaction that run after it while its locks stay. */
  readonly heldFor: number;
  /** Tables and materialized views whose files were written anew. */
  readonly rewrites: readonly string[];
  /** Tables that were read from end to end because the definition asks for it. */
  readonly scans: readonly string[];
  /** Indexes that were built, not concurrently, on tables that were there before. */
  readonly builds: readonly string[];
}

/** A file that did not run to its end. The replay went on with the next one. */
export interface TraceFailure {
  readonly file: string;
  /** Undefined when the file as a whole is meant. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Which statement of the file, from 1. Undefined when the file could not be cut into statements. */
  readonly statement: number | undefined;
  readonly statementCount: number | undefined;
  /** PostgreSQL's error code. Undefined when the file never got as far as the database. */
  readonly sqlstate: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  /** The line with a caret beneath. */
  readonly excerpt: string | undefined;
}

/** Something that was not run. */
export interface TraceSkip {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
}

/** An index that is not used, and that every write keeps up to date all the same. */
export interface InvalidIndex {
  readonly index: string;
  readonly table: string;
}

/** Deleting or changing a referenced row reads all of `table`. */
export interface UncoveredForeignKey {
  readonly constraint: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly references: string;
  /** Where it was made. Undefined when the statement's text does not say so. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/** What `trace` saw. */
export interface TraceReport {
  /** Of the server that the files were replayed on. */
  readonly serverVersion: string;
  /** In the order of running. */
  readonly entries: readonly TraceEntry[];
  readonly failures: readonly TraceFailure[];
  readonly skipped: readonly TraceSkip[];
  /** At the end. */
  readonly invalidIndexes: readonly InvalidIndex[];
  /** At the end. Those that `setup` made are left out. */
  readonly uncoveredForeignKeys: readonly UncoveredForeignKey[];
  /** Files that were run and reported on, failed ones included. */
  readonly fileCount: number;
  /** Statements that ran to their end in those files. */
  readonly statementCount: number;
}
