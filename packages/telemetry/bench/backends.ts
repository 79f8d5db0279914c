import type pg from 'pg';
import { cpuMsOf } from './processor-time.ts';

/** Milliseconds of the processor, user and system. */
export interface Cpu {
  /** Of processes of Node. */
  readonly nodeMs: number;
  /** Of the processes of the server for their connections. */
  readonly serverMs: number;
}

/**
 * What this process and the connections of the pool have taken until now. Opens all of them first,
 * since those that come and go would not be counted.
 */
export async function cpuWith(pool: pg.Pool, size: number): Promise<Cpu> {
  const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()));
  const pids: number[] = [];
  for (const client of clients) {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    pids.push(...rows.map(({ pid }) => pid));
    client.release();
  }
  const { user, system } = process.cpuUsage();
  return { nodeMs: (user + system) / 1_000, serverMs: cpuMsOf(pids) };
}

export function cpuSince(from: Cpu, to: Cpu): Cpu {
  return { nodeMs: to.nodeMs - from.nodeMs, serverMs: to.serverMs - from.serverMs };
}
