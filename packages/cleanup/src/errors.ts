/**
 * Ended one policy of a run; the others went on. Found in the policy's report, never thrown.
 * Batches committed before it stay committed and are counted; the one it hit was rolled back.
 */
export class PolicyFailedError extends Error {
  override readonly name = 'PolicyFailedError';
  readonly code = 'ERR_OPS_CLEANUP_POLICY_FAILED';
  readonly policy: string;
  /** SQLSTATE of the server's error; undefined when the connection was what failed. */
  readonly sqlState: string | undefined;

  constructor(
    policy: string,
    message: string,
    options: ErrorOptions & { sqlState?: string | undefined },
  ) {
    super(`Policy ${policy} failed: ${message}`, options);
    this.policy = policy;
    this.sqlState = options.sqlState;
  }

  /** For a report that is logged as JSON; `JSON.stringify` drops the message of a bare error. */
  toJSON(): { name: string; code: string; policy: string; sqlState?: string; message: string } {
    const { name, code, policy, sqlState, message } = this;
    return { name, code, policy, ...(sqlState !== undefined && { sqlState }), message };
  }
}

/** The tables that runs are written down in are not there. Found in the reports of a run. */
export class CleanupTablesMissingError extends Error {
  override readonly name = 'CleanupTablesMissingError';
  readonly code = 'ERR_OPS_CLEANUP_TABLES_MISSING';
  readonly schema: string;
  /** Names of the tables that are missing, without the schema. */
  readonly tables: readonly string[];

  constructor(schema: string, tables: readonly string[]) {
    super(
      `The schema ${schema} lacks ${tables.join(', ')}; call ensureTables(pool, { schema: '${schema}' }) once, or apply the migration pack cleanupTables`,
    );
    this.schema = schema;
    this.tables = tables;
  }
}

/** The history has no run of this id: it was forgotten, or is another database's. */
export class UnknownRunError extends Error {
  override readonly name = 'UnknownRunError';
  readonly code = 'ERR_OPS_CLEANUP_UNKNOWN_RUN';
  readonly runId: string;

  constructor(runId: string, schema: string) {
    super(
      `There is no run ${runId} in ${schema}.runs; look there for the ids, and note that runs are forgotten after history.keep`,
    );
    this.runId = runId;
  }
}
