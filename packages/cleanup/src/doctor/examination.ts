import type { Query } from '../database.ts';
import type { Settings } from '../options.ts';
import type { CleanupFinding, TableState } from './diagnosis.ts';
import type { Subject } from './subjects.ts';

/** What is looked at. */
export interface Case {
  readonly settings: Settings;
  readonly subjects: readonly Subject[];
  readonly tables: readonly TableState[];
  readonly limits: Limits;
}

/** From where on something is worth a word. */
export interface Limits {
  /** A transaction that is open for longer, in seconds: nothing of ours is, and no request should be. */
  readonly openSeconds: number;
  /** 40 MB, in pages: a smaller table may be read whole. */
  readonly largePages: number;
  /** Fewer dead rows are no matter, whatever their share. */
  readonly deadRows: number;
  /** From 1 GB on it is worth the disk's while to rewrite a table. */
  readonly reusableBytes: number;
  /** Transactions: a standby that is so far behind keeps vacuum back. */
  readonly xmin: number;
}

/** Looks at one thing, in a read-only transaction of its own. */
export interface Examination {
  /** What it looks at, to say that it could not. */
  readonly of: string;
  examine(query: Query): Promise<readonly CleanupFinding[]>;
}
