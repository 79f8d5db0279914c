import { type OptionReader, readOptions } from '@ops/timeout/check';
import type { SqlResult } from '../database/client.ts';
import type { Backfill } from './backfill.ts';

/** What a function of a migration is given. */
export interface CodeContext {
  /**
   * Sends one statement on the connection that migrates. `values` take the places of `$1`, `$2` and so
   * on. Rejects once the step is over, so await it.
   */
  query(text: string, values?: unknown[]): Promise<SqlResult>;
  /** Aborted together with the call of `up`; a running `query` is cancelled then. */
  readonly signal: AbortSignal;
  /** The pack's schema, unquoted. Undefined for the files of a folder. */
  readonly schema: string | undefined;
}

/** One step of a module: a function, or the result of `backfill()`. */
export type CodeWork = ((context: CodeContext) => Promise<void>) | Backfill;

/** What a migration module exports as its default. Made by {@link defineMigration}. */
export interface CodeMigration {
  readonly kind: 'migration';
  readonly steps: readonly CodeWork[];
  readonly down: readonly CodeWork[] | undefined;
  /** Whether each function runs in a transaction that also records it. */
  readonly transaction: boolean;
}

/** Options of {@link defineMigration}. */
export interface CodeMigrationOptions {
  /** The one step. Either this or `steps`. */
  readonly up?: CodeWork | undefined;
  /** Several steps, each recorded once done. */
  readonly steps?: readonly CodeWork[] | undefined;
  /** Takes the whole migration back. */
  readonly down?: CodeWork | undefined;
  /**
   * `true`: each function runs in a transaction that also records it, exactly once; a lock timeout or
   * deadlock rolls it back and calls the function again.
   *
   * `false`: no transaction is open, and the function may begin and end its own. It is called again
   * when nobody saw it end, so write it so that this does no harm.
   *
   * A backfill has its own transactions and does not mind. @default true
   */
  readonly transaction?: boolean | undefined;
}

/**
 * A migration written as code, for `<digits>_<name>.ts` (or `.mts`, `.js`, `.mjs`) in a folder of
 * migrations. Node.js strips the types; nothing is compiled, so what it imports has to be there in
 * production, too.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function defineMigration(options: CodeMigrationOptions): CodeMigration {
  const read = readOptions('defineMigration', options);
  const up = readWork(read, 'up');
  const expected = 'an array with at least one function or backfill(…)';
  const isList = (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isWork);
  const several = read.value<readonly CodeWork[]>('steps', expected, isList);
  const down = readWork(read, 'down');
  const transaction = read.value<boolean>('transaction', 'true or false', isBoolean) ?? true;
  const { up: givenUp, steps: givenSteps } = Object(options) as CodeMigrationOptions;
  read.fault((givenUp === undefined) === (givenSteps === undefined), 'expected either up or steps');
  read.done();
  return {
    kind: 'migration',
    steps: several ?? (up === undefined ? [] : [up]),
    down: down && [down],
    transaction,
  };
}

function readWork(read: OptionReader, name: string): CodeWork | undefined {
  return read.value<CodeWork>(name, 'a function or backfill(…)', isWork);
}

function isWork(value: unknown): boolean {
  return typeof value === 'function' || (Object(value) as Partial<Backfill>).kind === 'backfill';
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}
