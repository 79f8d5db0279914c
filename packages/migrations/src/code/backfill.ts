import type { Duration } from '@ops/timeout';
import { type OptionReader, readOptions } from '@ops/timeout/check';

/** Options of {@link backfill}. */
export interface BackfillOptions {
  /** As SQL writes it: `users`, `app.users`, `"Odd name"`. A table or a partitioned table. */
  readonly table: string;
  /**
   * The column, or columns, by which the rows are walked through, each name as the catalog has it. A
   * unique index has to make them unique, and none may be null. Any type that a b-tree can order. Their
   * values must stay as they are: a batch that changes one fails, and nothing of it remains.
   */
  readonly key: string | readonly string[];
  /** What follows `set` in an `update`: `plan = lower(plan), seen_at = now()`. */
  readonly set: string;
  /**
   * What follows `where`: the rows to change. Without an index that fits, finding them reads the
   * table once from one end to the other, over all batches together. @default all rows
   */
  readonly where?: string | undefined;
  /** Rows that one transaction changes at most. @default 5_000 */
  readonly batch?: number | undefined;
  /** Rest between two batches, for replicas and autovacuum to keep up. @default '50ms' */
  readonly pause?: Duration | undefined;
}

/** A step that changes rows in batches. Made by {@link backfill}. */
export interface Backfill {
  readonly kind: 'backfill';
  readonly spec: BackfillSpec;
}

/** What a backfill does, with defaults in place. */
export interface BackfillSpec {
  readonly table: string;
  readonly key: readonly string[];
  readonly set: string;
  readonly where: string | undefined;
  readonly batch: number;
  readonly pauseMs: number;
}

/**
 * Changes the rows of a large table a few thousand at a time, for `up` of a migration module:
 *
 * `defineMigration({ up: backfill({ table: 'users', key: 'id', set: 'plan = lower(plan)' }) })`
 *
 * Each batch is one transaction, which also records how far it got. However often the run is ended, by
 * SIGKILL, too, the next `up` goes on behind the last batch, and each row is changed once.
 *
 * The walk goes in the order of the key. A row that is inserted meanwhile is found when its key lies
 * ahead, and is not when it lies behind: let the application write new rows as they should be before
 * the backfill begins.
 *
 * @throws InvalidOptionsError naming every wrong option.
 */
export function backfill(options: BackfillOptions): Backfill {
  const read = readOptions('backfill', options);
  const table = readText(read, options, 'table');
  const set = readText(read, options, 'set');
  const expected = 'the name of a column, or an array of such';
  const key = read.value<BackfillOptions['key']>('key', expected, isKey);
  read.fault(isMissing(options, 'key'), `key: expected ${expected}, got undefined`);
  const where = read.value<string>('where', 'a condition in SQL', isText);
  const batch = read.count('batch', 1, 1_000_000) ?? 5_000;
  const pauseMs = read.duration('pause') ?? 50;
  read.done();
  const names = typeof key === 'string' ? [key] : (key ?? []);
  return { kind: 'backfill', spec: { table, key: names, set, where, batch, pauseMs } };
}

function readText(read: OptionReader, options: BackfillOptions, name: 'table' | 'set'): string {
  const text = read.value<string>(name, 'some SQL', isText);
  read.fault(isMissing(options, name), `${name}: expected some SQL, got undefined`);
  return text ?? '';
}

function isMissing(options: BackfillOptions, name: keyof BackfillOptions): boolean {
  return Object(options) === options && options[name] === undefined;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && !value.includes('\0');
}

function isKey(value: unknown): boolean {
  if (!Array.isArray(value)) return isText(value);
  return value.length > 0 && value.every(isText) && new Set(value).size === value.length;
}
