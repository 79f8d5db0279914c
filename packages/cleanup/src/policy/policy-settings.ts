import type { ArchiveTarget } from '../batch/action.ts';
import type { SqlFragment } from '../sql.ts';

/** A policy as the rest of the package sees it: parsed, complete, units in the names. */
export interface PolicySettings {
  readonly table: string;
  readonly rule: Rule;
  readonly outcome: Outcome;
  readonly where: SqlFragment | undefined;
  readonly keepLast: KeepLastSettings | undefined;
  /** Why the holds do not count; undefined when they do. */
  readonly holdsExemptBecause: string | undefined;
  readonly maxShare: number;
  readonly keepAtLeast: number;
}

/** Which rows. */
export type Rule =
  | (AgedColumn & { readonly type: 'older-than'; readonly agePer: SqlFragment | undefined })
  | (AgedColumn & { readonly type: 'orphan-of'; readonly parent: OrphanParent })
  | { readonly type: 'inactive-for'; readonly ageMs: number; readonly since: SqlFragment };

/** A column that is compared with a cut-off. */
export interface AgedColumn {
  readonly column: string;
  /** With an age for each row: the default. */
  readonly ageMs: number;
  readonly zone: string | undefined;
}

/** Where the parent of an orphan would be. */
export interface OrphanParent {
  readonly table: string;
  /** Pairs of the row's column and the parent's. */
  readonly on: readonly (readonly [string, string])[];
}

/** What happens to them. */
export type Outcome =
  | { readonly type: 'delete' }
  | { readonly type: 'archive'; readonly target: ArchiveTarget }
  | SoftDeleteSettings
  | { readonly type: 'drop-partitions' };

export interface SoftDeleteSettings {
  readonly type: 'soft-delete';
  readonly set: Readonly<Record<string, string | number | boolean | null>>;
  readonly at: string;
  readonly purgeAfterMs: number;
}

interface KeepLastSettings {
  readonly count: number;
  /** Empty: of the whole table. */
  readonly per: readonly string[];
}

/** A hold as the rest of the package sees it. */
export interface HoldSettings {
  readonly table: string;
  /** Pairs of the hold's column and the row's. */
  readonly on: readonly (readonly [string, string])[];
  readonly active: SqlFragment | undefined;
}
