import { isServerError, type ServerError } from '../database.ts';

/** An error that belongs to a row, or to the size of the batch. */
export interface Obstacle {
  readonly reason: 'locked' | 'slow' | 'conflict' | 'rejected';
  readonly error: ServerError;
}

const RETRYABLE: Readonly<Record<string, Obstacle['reason']>> = {
  '55P03': 'locked', // lock_not_available: lock_timeout
  '57014': 'slow', // query_canceled: statement_timeout
  '40001': 'conflict', // serialization_failure: a row moved to another partition
  '40P01': 'conflict', // deadlock_detected
};

/**
 * Errors of the whole server or session, by class of SQLSTATE: connection, transaction state,
 * resources, operator intervention, system, internal.
 */
const HOPELESS = /^(?:08|25|53|57|58|F0|XX)/;
/** Access rules and names: of the statement itself, unless a trigger or foreign key brought them in. */
const OF_THE_STATEMENT = /^(?:0A|26|28|3D|3F|42)/;

/** Undefined when the error would meet every batch alike. */
export function obstacleIn(error: unknown): Obstacle | undefined {
  if (!isServerError(error)) return undefined;
  const reason = RETRYABLE[error.code];
  if (reason) return { reason, error };
  if (HOPELESS.test(error.code)) return undefined;
  if (OF_THE_STATEMENT.test(error.code) && error.where === undefined) return undefined;
  return { reason: 'rejected', error };
}
