import { MigrationError } from './migration-error.ts';

/** A session that holds a lock, as far as this database user may see it. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string | undefined;
  /** When its connection was opened. */
  readonly since: Date | undefined;
}

/** The database cannot be reached, or the connection was lost. The message is one line. */
export class ConnectionError extends MigrationError {
  override readonly name = 'ConnectionError';
  readonly code = 'ERR_OPS_MIGRATION_CONNECTION';
}

/** The connection changes its server process between statements, as behind a transaction pooler. */
export class PooledConnectionError extends MigrationError {
  override readonly name = 'PooledConnectionError';
  readonly code = 'ERR_OPS_MIGRATION_POOLED';

  constructor() {
    super(
      'The connection goes through a pooler in transaction mode, where a lock belongs to nobody; nothing was run',
      'Connect straight to the server or to a pooler in session mode (Supabase: port 5432 instead of 6543; PgBouncer: pool_mode=session).',
    );
  }
}

/** Another process held the migration lock for longer than `lock.wait`. */
export class LockWaitError extends MigrationError {
  override readonly name = 'LockWaitError';
  readonly code = 'ERR_OPS_MIGRATION_LOCK_WAIT';
  readonly waitedMs: number;
  readonly holder: LockHolder | undefined;

  constructor(waitedMs: number, holder: LockHolder | undefined) {
    const who = holder
      ? `pid ${holder.pid}${holder.applicationName ? ` (${holder.applicationName})` : ''}, connected since ${holder.since?.toISOString() ?? 'an unknown time'}`
      : 'a session that is gone by now';
    super(
      `Waited ${Math.round(waitedMs)} ms for the migration lock, held by ${who}`,
      'Let the other run finish, or raise lock.wait. If it hangs: select pg_terminate_backend(pid).',
    );
    this.waitedMs = waitedMs;
    this.holder = holder;
  }
}

/** An index that a concurrent build, rebuild or drop has left INVALID. */
export interface UnfinishedIndex {
  /** Quoted, schema included. */
  readonly index: string;
  /** Quoted, schema included. Of a TOAST index, the table that it belongs to. */
  readonly table: string;
  /** As `pg_get_indexdef` writes it. */
  readonly definition: string;
  /** Whether `reindex … concurrently` has left it, as `…_ccnew` or `…_ccold`. */
  readonly isLeftover: boolean;
  /** The session that works on it, or on another index of its table, at this moment. */
  readonly pid: number | undefined;
}

/** Indexes that are INVALID: they serve no query, slow down writes and may refuse rows. From `verify`. */
export class InvalidIndexError extends MigrationError {
  override readonly name = 'InvalidIndexError';
  readonly code = 'ERR_OPS_MIGRATION_INVALID_INDEX';
  readonly indexes: readonly UnfinishedIndex[];

  constructor(indexes: readonly UnfinishedIndex[]) {
    const lines = indexes.map(({ index, table, isLeftover }) => {
      return `- ${index} on ${table}${isLeftover ? ', left by reindex concurrently' : ''}`;
    });
    super(
      `${indexes.length} ${indexes.length === 1 ? 'index is' : 'indexes are'} INVALID, and nobody builds them\n${lines.join('\n')}`,
      'up() rebuilds those of pending migrations; repair({ indexes: true }) drops all of them.',
    );
    this.indexes = indexes;
  }
}
