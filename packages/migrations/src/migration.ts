import { createHash } from 'node:crypto';
import type { BackfillSpec } from './code/backfill.ts';
import type { CodeContext } from './code/define-migration.ts';
import type { MigrationRef } from './errors.ts';
import type { StandaloneClass } from './sql/classify.ts';
import { hashGroups, hashStatement } from './sql/hash.ts';
import type { IndexTarget } from './sql/index-statement.ts';
import type { Statement } from './sql/split.ts';

/** A file that has been read and understood, ready to run. */
export interface Migration extends MigrationRef {
  /** The file's text without byte order mark, line ends as `\n`. Offsets refer to it. */
  readonly text: string;
  /** Of the part that `up` runs. Empty for a module. */
  readonly statements: readonly Statement[];
  readonly steps: readonly Step[];
  /** Of all statements, see {@link hashFile}; of a module see {@link hashCode}. */
  readonly hash: string;
  /** SHA-256 of the bytes of the file. */
  readonly rawHash: string;
  readonly directives: FileDirectives;
  /** How to take it back, when the author has said so. */
  readonly down: ParsedDown | undefined;
}

/** What an author says about a file as a whole, in comments. */
interface FileDirectives {
  /** Every statement becomes a step of its own. */
  readonly noTransaction: boolean;
  /** The file may be applied after newer ones. */
  readonly outOfOrder: boolean;
}

/** The part of a migration, or its second file, that takes it back. */
export interface ParsedDown {
  readonly file: string;
  /** Offsets refer to it. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly steps: readonly Step[];
}

/** The unit of progress: what is done in one go and recorded once done. */
export type Step = TransactionStep | IndexStep | StandaloneStep | CodeStep | BackfillStep;

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

/** One function of a module. */
export interface CodeStep {
  readonly kind: 'code';
  readonly statements: readonly [];
  /** Of the function's source text. */
  readonly fingerprint: string;
  /** Whether it runs in a transaction that also records it. */
  readonly isTransactional: boolean;
  /** The pack's, unquoted. */
  readonly schema: string | undefined;
  run(context: CodeContext): Promise<void>;
}

/** Rows changed in batches, each in a transaction that also records where it got to. */
export interface BackfillStep {
  readonly kind: 'backfill';
  readonly statements: readonly [];
  /** Of the specification. */
  readonly fingerprint: string;
  readonly spec: BackfillSpec;
}

/** Fingerprint of a file's statements, however they are cut into steps. */
export function hashFile(statements: readonly Statement[]): string {
  return hashGroups([statements.map(hashStatement)]);
}

/** Fingerprint of a module: its text without white space, so that a formatter changes nothing. */
export function hashCode(text: string): string {
  return createHash('sha256').update(text.replaceAll(/\s+/g, '')).digest('hex');
}

/** Fingerprint of the first `count` steps, their boundaries included. */
export function hashSteps({ steps }: Pick<Migration, 'steps'>, count: number): string {
  return hashGroups(
    steps
      .slice(0, count)
      .map((step) =>
        'fingerprint' in step ? [step.fingerprint] : step.statements.map(hashStatement),
      ),
  );
}

/** Only what identifies it, for events, reports and errors. */
export function refOf({ pack, version, name, file }: MigrationRef): MigrationRef {
  return { pack, version, name, file };
}
