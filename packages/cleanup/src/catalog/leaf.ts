import type { ColumnFacts } from './columns.ts';

/** A table that has rows itself: the policy's table, or one leaf partition of it. */
export interface Leaf {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** With its schema, quoted. */
  readonly sql: string;
  /**
   * The name, quoted, by which the policy's conditions call the table: that of the policy's table,
   * also for a partition. Every statement on a leaf says `${leaf.sql} as ${leaf.alias}`.
   */
  readonly alias: string;
  /** In the leaf's own order, which may differ from the parent's. */
  readonly columns: readonly ColumnFacts[];
  /** The primary key's columns, in its order. */
  readonly keyColumns: readonly string[];
  /** Size of its heap now, in pages. */
  readonly pageCount: number;
  /** Size of its TOAST table now, in pages; 0 without one. */
  readonly toastPageCount: number;
  /** Rows estimated for the size now; undefined when it was never analyzed. */
  readonly estimatedRowCount: number | undefined;
}
