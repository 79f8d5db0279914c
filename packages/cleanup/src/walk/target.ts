import type { ColumnFacts } from '../catalog/columns.ts';
import type { Leaf } from '../catalog/leaf.ts';
import type { Condition } from '../condition/condition.ts';

/** Everything that the statements of one step on one leaf are made of. */
export interface Target {
  readonly leaf: Leaf;
  readonly condition: Condition;
  readonly walk: Walk;
  /** Tables of holds, quoted, which must not change during a batch. */
  readonly holdTables: readonly string[];
  /** Rows of one batch at most, so that it stays within `maxBatchBytes`. */
  readonly maxRows: number;
  /** Set when rows differ so much in size that their bytes are to be added up. */
  readonly maxBytes: number | undefined;
}

/** How the rows of a leaf are gone through. */
export type Walk = KeysetWalk | HeapWindowsWalk;

/** In the order of an index, each batch behind the last row of the one before. */
export interface KeysetWalk {
  readonly kind: 'keyset';
  /** The cut-off column, then the rest of the primary key. */
  readonly columns: readonly ColumnFacts[];
  /** The index gives the order of the first of them only: of equal rows each batch reads all. */
  readonly isPartial: boolean;
}

/**
 * In the order of the heap, some pages at a time: needs no index, and neither dead index entries
 * nor rows that lie scattered make it slower. It reads the whole table.
 */
export interface HeapWindowsWalk {
  readonly kind: 'heap-windows';
}

export const WINDOWS: HeapWindowsWalk = { kind: 'heap-windows' };

/** A row's place in the walk: the text of each walk column, or its ctid. */
export type Position = readonly string[];

/** Where a statement looks. */
export type Range = KeysetRange | WindowRange;

interface KeysetRange {
  readonly walk: 'keyset';
  /** Behind this row; undefined: from the start. */
  readonly after: Position | undefined;
  /** Up to this row and with it; undefined: to the end. */
  readonly upTo: Position | undefined;
  /** ctids that are passed by: rows that refused before, and have not changed since. */
  readonly without?: readonly string[] | undefined;
}

interface WindowRange {
  readonly walk: 'heap-windows';
  /** The first ctid, and with it. */
  readonly from: string;
  /** The first page that is not looked at. */
  readonly toPage: number;
  /** As {@link KeysetRange.without}. */
  readonly without?: readonly string[] | undefined;
}

/**
 * What to do about a row that another session has locked: go past it (`skip`), or wait until
 * `lock_timeout` (`wait`).
 */
export type RowLock = 'skip' | 'wait';
