/* One way into the table, in a process of its own. The argument is a WriteJob. */
import pg from 'pg';
import { type Cpu, cpuSince, cpuWith } from '../backends.ts';
import { COLUMNS, type TableKind } from '../event-tables.ts';
import { finish, jobOf } from '../program.ts';
import { createWriter, type Way } from '../writers.ts';

/** What to do. */
export interface WriteJob {
  readonly url: string;
  readonly way: Way;
  readonly table: TableKind;
  readonly rows: number;
}

/** What it took. */
export interface WriteResult {
  readonly ms: number;
  readonly cpu: Cpu;
  readonly stored: number;
}

const SESSIONS = 5;
/** Rows that come first, so that the code is compiled and the server knows the table. */
const WARM_UP = 2_000;

const { url, way, table, rows } = jobOf() as WriteJob;
const pool = new pg.Pool({ connectionString: url, max: SESSIONS, idleTimeoutMillis: 0 });
const writer = createWriter(way, pool, COLUMNS[table]);
writer.prepare(0, Math.min(rows, WARM_UP));
await writer.write();
writer.prepare(WARM_UP, WARM_UP + rows);
const from = await cpuWith(pool, SESSIONS);
const startedAt = performance.now();
const stored = await writer.write();
const ms = performance.now() - startedAt;
const cpu = cpuSince(from, await cpuWith(pool, SESSIONS));
await pool.end();
finish({ ms, cpu, stored } satisfies WriteResult);
