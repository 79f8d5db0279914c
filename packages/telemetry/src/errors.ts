/**
 * The table that `postgresSink` was given cannot take the events: it is missing, a mapped column is
 * missing, or nothing makes the id column unique. Rejects a write and reaches `onReject` as a cause;
 * the client keeps the events and sends them again. The table is looked up anew at the next write.
 */
export class TableMismatchError extends Error {
  override readonly name = 'TableMismatchError';
  readonly code = 'ERR_OPS_TELEMETRY_TABLE_MISMATCH';
  /** As it stands in the statement, quoted. */
  readonly table: string;
  /** What is wrong, one entry each. */
  readonly problems: readonly string[];

  constructor(table: string, problems: readonly string[]) {
    super(
      `Events cannot be written to ${table}: ${problems.join('; ')}; change the table or the columns option`,
    );
    this.table = table;
    this.problems = problems;
  }
}
