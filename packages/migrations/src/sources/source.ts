import type { CodeMigration } from '../code/define-migration.ts';
import type { FileProblem, MigrationRef } from '../errors.ts';

/** Where migrations come from. Made by `directory()` and `pack()`. */
export type Source = DirectorySource | PackSource;

/** A folder of migration files. Made by `directory()`. */
export interface DirectorySource {
  readonly kind: 'directory';
  /** Absolute. */
  readonly path: string;
}

/** Migrations that a library ships. Made by `pack()`. */
export interface PackSource {
  readonly kind: 'pack';
  readonly name: string;
  /** Put, quoted, in the place of `{{schema}}`. */
  readonly schema: string;
  readonly migrations: readonly PackMigration[] | URL;
}

/** One migration in a pack. */
export interface PackMigration {
  /** Digits, or digits joined by dots. Compared only with other versions of the same pack. */
  readonly version: string;
  readonly name: string;
  /** `{{schema}}` stands for the quoted schema. */
  readonly sql: string;
  /** What `down` runs. */
  readonly down?: string | undefined;
  /** The migration waits until this is true. Until then it is neither pending nor an error. */
  readonly when?: Applicability | undefined;
}

/** A table that has to be there before a migration makes sense. */
export interface Applicability {
  /** In the pack's schema. */
  readonly table: string;
  /** All of them have to be there. @default none */
  readonly columns?: readonly string[] | undefined;
}

/** A migration as found. Parsing comes later, and only for what is pending or was edited. */
export interface MigrationFile extends MigrationRef {
  readonly kind: 'sql' | 'code';
  /** Without byte order mark, line ends as `\n`; a NUL byte may be in it. A module's source text. */
  readonly text: string;
  /** SHA-256 of the bytes. */
  readonly rawHash: string;
  /** A down file of its own. A down section in `text` is found by parsing. */
  readonly down: DownFile | undefined;
  /** What stands for `{{schema}}` in `text`. Undefined where that is nothing special. */
  readonly schema: string | undefined;
  /** Packs only. */
  readonly when: Applicability | undefined;
  /** Imports the module. Only with the kind `code`. */
  readonly load: (() => Promise<CodeMigration>) | undefined;
}

/** The text that takes a migration back. */
export interface DownFile {
  readonly file: string;
  readonly text: string;
}

/** What a source has: migrations in no particular order, and what is wrong with the others. */
export interface SourceContents {
  readonly files: readonly MigrationFile[];
  readonly problems: readonly FileProblem[];
}

/** Names one migration in one database. */
export function keyOf({ pack, version }: Pick<MigrationRef, 'pack' | 'version'>): string {
  return `${pack}\0${version}`;
}
