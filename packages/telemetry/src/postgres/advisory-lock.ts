/**
 * Advisory locks have two numbers: what for, and the oid of the table. No other use of advisory locks
 * is likely to have chosen the first, and one that has would only wait.
 */
const PURPOSES = {
  /** Shared by all who insert, alone by those who look in every partition first. */
  insert: 1_869_640_819,
  /** One maker of partitions at a time. */
  partitions: 1_869_640_820,
} as const;

/**
 * A statement that waits for the lock and holds it until the transaction ends, at most until
 * `statement_timeout`. What is to see the work of those before needs a statement of its own after it.
 */
export function lockStatement(
  purpose: keyof typeof PURPOSES,
  tableOid: number,
  mode: 'shared' | 'exclusive',
): string {
  const name = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  // An oid has 32 bits without a sign, the lock's number 32 with one.
  return `select ${name}(${PURPOSES[purpose]}, ${tableOid | 0})`;
}
