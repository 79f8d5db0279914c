import type { MigrationRef } from './errors.ts';
import type { StandaloneClass } from './sql/classify.ts';
import { hashGroups, hashStatement } from './sql/hash.ts';
import type { IndexTarget } from './sql/index-statement.ts';
import type { Statement } from './sql/split.ts';

/** A file that has been read and understood, ready to run. */
export interface Migration extends MigrationRef {
  /** The file's text without byte order mark, line ends as `\n`. Offsets refer to it. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly steps: readonly Step[];
  /** Of all statements, see {@link hashStatement}. */
  readonly hash: string;
}

/** The unit of progress: what is done in one go and recorded once done. */
export type Step = TransactionStep | IndexStep | StandaloneStep;

/** Consecutive statements in one `begin … commit`. */
export interface TransactionStep {
  readonly kind: 'transaction';
  readonly statements: readonly Statement[];
}

/** One `create index concurrently`, brought about with a look at the catalog. */
export interface IndexStep {
  readonly kind: 'index';
  readonly statements: readonly [Statement];
  readonly target: IndexTarget;
}

/** One other statement that cannot be in a transaction. */
export interface StandaloneStep {
  readonly kind: 'standalone';
  readonly statements: readonly [Statement];
  readonly traits: StandaloneClass;
}

/** Fingerprint of a file's statements, however they are cut into steps. */
export function hashFile(statements: readonly Statement[]): string {
  return hashGroups([statements.map(hashStatement)]);
}

/** Fingerprint of the first `count` steps, their boundaries included. */
export function hashSteps(migration: Migration, count: number): string {
  return hashGroups(
    migration.steps.slice(0, count).map((step) => step.statements.map(hashStatement)),
  );
}

/** Only what identifies it, for events, reports and errors. */
export function refOf({ version, name, file }: MigrationRef): MigrationRef {
  return { version, name, file };
}
