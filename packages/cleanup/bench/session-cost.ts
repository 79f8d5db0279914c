import type pg from 'pg';
import { cpuMsOf } from './processor-time.ts';

/** What sessions have cost the server since each began. */
export interface SessionCost {
  /** Processor time of their processes; not a number where /proc is missing. */
  readonly cpuMs: number;
  /** That they wrote themselves, whatever others wrote meanwhile. */
  readonly walBytes: number;
}

/** Asks each session for its own, on PostgreSQL 18. A session counts what its last statement did. */
export async function costOf(clients: readonly pg.ClientBase[]): Promise<SessionCost> {
  let cpuMs = 0;
  let walBytes = 0;
  for (const client of clients) {
    // At the end of this very statement.
    await client.query('select pg_stat_force_next_flush()');
    const { rows } = await client.query<{ pid: number; wal: string }>(
      `select pg_backend_pid() as pid, wal_bytes::text as wal
       from pg_stat_get_backend_wal(pg_backend_pid())`,
    );
    cpuMs += cpuMsOf(rows.map(({ pid }) => pid));
    walBytes += Number(rows[0]?.wal);
  }
  return { cpuMs, walBytes };
}
