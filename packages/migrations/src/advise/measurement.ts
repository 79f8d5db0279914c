/** How the queries did at one time. Plain data: `JSON.stringify` keeps all of it. */
export interface Measurement {
  /** When it began, ISO 8601. */
  readonly takenAt: string;
  readonly database: string;
  /** Such as `15.18`. */
  readonly serverVersion: string;
  /** `executed`: the queries were run. `planned`: only the planner was asked. */
  readonly basis: 'executed' | 'planned';
  readonly queries: readonly MeasuredQuery[];
  readonly indexes: readonly MeasuredIndex[];
  /** What could not be found out, in sentences. */
  readonly notes: readonly string[];
}

/** Why something could not be had. */
export interface Trouble {
  readonly message: string;
  /** PostgreSQL's five-character code, when the server said no. */
  readonly sqlstate?: string | undefined;
}

/** One query with the values it was run with. Has a reading or a trouble. */
export interface MeasuredQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly reading?: QueryReading | undefined;
  readonly trouble?: Trouble | undefined;
}

/** What EXPLAIN said of a query. */
export interface QueryReading {
  /** The planner's estimate in its own unit. Not a time. */
  readonly cost: number;
  /**
   * EXPLAIN ANALYZE's execution time of each warm run, in their order: without planning, without
   * sending rows to a client, with `timing off`. Empty when the query was only planned.
   */
  readonly samplesMs: readonly number[];
  /** Pages of tables, indexes and temporary files that the last run read, cached or not, in bytes. */
  readonly bytesRead?: number | undefined;
  /** How each table is read. */
  readonly scans: readonly Scan[];
}

/** One place in a plan where a table is read. */
export interface Scan {
  /** As EXPLAIN names it: `Seq Scan`, `Parallel Index Only Scan`, `Bitmap Heap Scan`. */
  readonly node: string;
  readonly schema: string;
  readonly table: string;
  /** Names of the indexes it goes by, which are in the schema of the table. */
  readonly indexes: readonly string[];
}

/** One of the indexes that advice is wanted about. */
export interface MeasuredIndex {
  readonly name: string;
  /** Empty, as is `table`, when there is no such table. */
  readonly schema: string;
  readonly table: string;
  /** The statement that makes it. */
  readonly statement: string;
  /**
   * - `present`: it is there and valid.
   * - `absent`: it is not, or was left INVALID.
   * - `hypothetical`: the planner was told that it is there.
   * - `built`: it was built for the measurement and is gone again.
   * - `not-applicable`: its pack says that it waits for a table or column that is not there.
   * - `failed`: see `trouble`.
   */
  readonly state: 'present' | 'absent' | 'hypothetical' | 'built' | 'not-applicable' | 'failed';
  readonly trouble?: Trouble | undefined;
  /** Size. Of a hypothetical index an estimate, of an absent one unknown. */
  readonly bytes?: number | undefined;
  /** How long the build took. Only with `built`. */
  readonly buildMs?: number | undefined;
  /** Scans since the server's statistics were reset. Only with `present`. */
  readonly scanCount?: number | undefined;
  /** An index on the same table, there or wanted, that can do all that this one can. */
  readonly redundantWith?: string | undefined;
}
