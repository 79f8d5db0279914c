import type { Query } from '../../database/session.ts';
import type { AdoptProblem } from '../../errors.ts';
import type { MigrationFile } from '../../sources/source.ts';

/** A tool whose history can be taken over. */
export type AdoptedTool =
  | 'supabase'
  | 'node-pg-migrate'
  | 'flyway'
  | 'dbmate'
  | 'golang-migrate'
  | 'knex'
  | 'prisma'
  | 'goose'
  | 'graphile-migrate';

/** How one tool keeps its history. */
export interface Tool {
  readonly name: AdoptedTool;
  /** Where the table is unless configured otherwise. Undefined: in the first schema of the search path. */
  readonly schema: string | undefined;
  readonly table: string;
  /** Columns that the table has in every version of the tool. */
  readonly columns: readonly string[];
  /** Columns by which other programs' tables of the same name are told apart. */
  readonly foreignColumns: readonly string[];
  /** Said in the report when the tool keeps no content or no checksum to compare files with. */
  readonly trustNote: string | undefined;
  /** Reads the table and nothing else of the tool but its lock. Never writes. */
  read(table: ForeignTable): Promise<ForeignHistory>;
}

/** A tool's table, as found. */
export interface ForeignTable {
  readonly query: Query;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Quoted, schema included. */
  readonly sql: string;
}

/** What a tool's table says. */
export interface ForeignHistory {
  /** What is applied, one entry a migration, in the tool's order. */
  readonly entries: readonly ForeignEntry[];
  /**
   * Every file up to and including this version counts as applied, entry or not. `label` is how the
   * tool says so.
   */
  readonly upTo: { readonly version: string; readonly label: string } | undefined;
  /** Migrations that failed or did not end. */
  readonly problems: readonly AdoptProblem[];
  readonly notes: readonly string[];
}

/** One migration that the tool holds for applied. */
export interface ForeignEntry {
  /** As the tool names it. */
  readonly label: string;
  /** Normalised. Undefined when the name begins with no number. */
  readonly version: string | undefined;
  /** The rest of the name. Undefined where the version alone says which migration it is. */
  readonly name: string | undefined;
  /** Undefined where the tool keeps no times. */
  readonly appliedAt: Date | undefined;
  /** Compares a file with what was recorded. Undefined where nothing is recorded. */
  readonly compare: ((file: MigrationFile) => Difference | undefined) | undefined;
  /** What to do when there is no file, where more is known than that. */
  readonly missingHint?: string | undefined;
}

/** How a file differs from what was applied. */
export interface Difference {
  readonly message: string;
  /** UTF-16 offset into the file's text. Undefined when only a checksum tells. */
  readonly offset: number | undefined;
}
