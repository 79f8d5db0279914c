import type { Trouble } from './measurement.ts';

/** What indexes buy, or would buy. */
export interface AdviceReport {
  /**
   * How it was found out: `hypothetical` and `build` as {@link advise} says; `compare`: from two
   * measurements; `none`: the queries were measured as they are, without anything to compare with.
   */
  readonly method: 'hypothetical' | 'build' | 'compare' | 'none';
  readonly database: string;
  readonly serverVersion: string;
  readonly queries: readonly QueryAdvice[];
  readonly indexes: readonly IndexAdvice[];
  /** What could not be found out, and how it could, in sentences. */
  readonly notes: readonly string[];
}

/** One query without and with the new indexes. */
export interface QueryAdvice {
  readonly name: string;
  readonly before?: QueryFigures | undefined;
  readonly after?: QueryFigures | undefined;
  /**
   * `faster` and `slower`: other indexes or scans are used, and the medians (hypothetical: the costs)
   * differ by a tenth or more. `same`: the tables are read in the same way, or the difference is smaller
   * than that. `unknown`: one of the two is missing.
   */
  readonly outcome: 'faster' | 'slower' | 'same' | 'unknown';
  /** Median before ÷ median after; hypothetical: cost ÷ cost. Above 1 is faster. */
  readonly ratio?: number | undefined;
  /** Tables that are read in another way than before. */
  readonly changes: readonly PlanChange[];
  readonly trouble?: Trouble | undefined;
}

/** One side of a comparison. */
export interface QueryFigures {
  /** Execution times of the warm runs. Undefined when the query was only planned. */
  readonly medianMs?: number | undefined;
  readonly minMs?: number | undefined;
  /** The planner's estimate in its own unit, which is not a time. */
  readonly cost: number;
  /** Pages read by one execution, cached or not, in bytes. */
  readonly bytesRead?: number | undefined;
}

/** How a table was read, and is read now; such as `Seq Scan` and `Index Scan using i`. */
export interface PlanChange {
  readonly schema: string;
  readonly table: string;
  readonly before: string;
  readonly after: string;
}

/** One index and what it is good for. */
export interface IndexAdvice {
  readonly name: string;
  /** Empty, as is `table`, when there is no such table. */
  readonly schema: string;
  readonly table: string;
  /** The statement that makes it. */
  readonly statement: string;
  /**
   * - `buys`: at least one query that is faster uses it, see `speedsUp`.
   * - `no-gain`: queries use it, and none of them is faster.
   * - `unused`: none of these queries uses it. Others may.
   * - `redundant`: another index can do all that it does, see `redundantWith`.
   * - `present`: it was there before, so what it buys was not measured.
   * - `not-applicable`: its pack says that it waits for a table or column that is not there.
   * - `not-measured`: it is not there, or see `trouble`.
   */
  readonly verdict:
    | 'buys'
    | 'no-gain'
    | 'unused'
    | 'redundant'
    | 'present'
    | 'not-applicable'
    | 'not-measured';
  /** Queries whose plan has it. */
  readonly usedBy: readonly string[];
  /** Those of them that are faster than before. */
  readonly speedsUp: readonly string[];
  readonly bytes?: number | undefined;
  /** Whether `bytes` is hypopg's estimate. */
  readonly isEstimate: boolean;
  /** Duration of the build, not concurrent. Only with `build`. */
  readonly buildMs?: number | undefined;
  /** Scans since the server's statistics were reset. Only when it is there. */
  readonly scanCount?: number | undefined;
  readonly redundantWith?: string | undefined;
  readonly trouble?: Trouble | undefined;
}
