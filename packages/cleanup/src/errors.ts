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
