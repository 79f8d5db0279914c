import { outline, plainWords } from './outline.ts';
import { commitsWhenRun } from './procedures.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { Statement } from './split.ts';

/** How a statement has to be run. */
export type Classification =
  | { readonly kind: 'transactional' }
  | { readonly kind: 'index' }
  | StandaloneClass
  | Refusal;

/** A statement that PostgreSQL refuses inside a transaction block. */
export interface StandaloneClass {
  readonly kind: 'standalone';
  /**
   * SQLSTATE that a second run gives when the first one had its effect. After an interruption it
   * means "done". Undefined for statements that can simply be repeated.
   */
  readonly doneState?: string | undefined;
  /**
   * True when waiting for its locks holds up neither reads nor writes, and giving up half-way leaves
   * a broken index behind. Such a statement runs without `lock_timeout`.
   */
  readonly waitsPolitely?: boolean | undefined;
}

/** Matched against {@link outline}. First match wins. */
const STANDALONE: readonly (readonly [RegExp, Omit<StandaloneClass, 'kind'>])[] = [
  [/^drop index concurrently\b/, { doneState: '42704', waitsPolitely: true }],
  [/^reindex\b.*\bconcurrently\b(?! (?:false|off|0)\b)/, { waitsPolitely: true }],
  // `reindex` and `cluster` are legal in a transaction for some tables and not for partitioned ones,
  // which only the catalog knows; alone they always are.
  [/^(?:reindex|cluster|vacuum)\b/, {}],
  [/^create database\b/, { doneState: '42P04' }],
  [/^drop database\b/, { doneState: '3D000' }],
  [/^alter database \S+ set tablespace\b/, {}],
  [/^create (?:tablespace|subscription)\b/, { doneState: '42710' }],
  [/^drop (?:tablespace|subscription)\b/, { doneState: '42704' }],
  [/^alter (?:system|subscription)\b/, {}],
  [/^alter table\b.* detach partition\b.* concurrently$/, { doneState: '42P01' }],
  [/^(?:commit|rollback) prepared\b/, { doneState: '42704' }],
  // Legal only in a transaction that has not written anything.
  [/^select\b.*\bpg_(?:create|copy)_logical_replication_slot \(/, { doneState: '42710' }],
];

const NONE: ReadonlySet<string> = new Set();

/**
 * Says how to run a statement, from its tokens alone.
 *
 * @param committing procedures that end transactions, see `committingProcedures`; a `call` of one of
 * them, also from a `do` block, runs alone.
 */
export function classify(
  statement: Statement,
  committing: ReadonlySet<string> = NONE,
): Classification {
  const text = outline(statement.tokens);
  const refused = refusal(statement, text);
  if (refused !== undefined) return refused;
  if (/^create (?:unique )?index concurrently\b/.test(text)) return { kind: 'index' };
  for (const [pattern, traits] of STANDALONE) {
    if (pattern.test(text)) return { kind: 'standalone', ...traits };
  }
  return { kind: commitsWhenRun(statement, committing) ? 'standalone' : 'transactional' };
}

/**
 * Whether a statement changes a setting for the rest of the session. Such statements are run again
 * when a file is resumed after the step they were in.
 */
export function isSessionSetting(statement: Statement): boolean {
  const text = outline(statement.tokens);
  return (
    /^(?:set (?!local\b|transaction\b|constraints\b)|reset\b)/.test(text) ||
    /^select (?:pg_catalog \. )?set_config \( ' , ' , false \)$/.test(text)
  );
}

/** Whether a session setting of this name (or of all names) is changed by the statement. */
export function setsSetting(statement: Statement, setting: string): boolean {
  if (!isSessionSetting(statement)) return false;
  return plainWords(statement.tokens).some((word) => word === setting || word === 'all');
}
