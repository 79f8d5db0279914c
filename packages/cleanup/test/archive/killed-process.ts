import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { expect } from 'vitest';
import type { TestDatabase } from '../../../../test/postgres.ts';
import { toFiles } from '../../src/archive/to-files.ts';
import { toTable } from '../../src/archive/to-table.ts';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import {
  archivedRun,
  contents,
  expectExactHistory,
  makeRows,
  rowsInFiles,
  temporaryDirectory,
} from './archived-run.ts';

const PROGRAM = fileURLToPath(new URL('kill-process.ts', import.meta.url));

/** Where it is to be killed: before a step's n-th time, or so long after it has started. */
export type Kill =
  | { readonly step: string; readonly number: number }
  | { readonly afterMs: number };

/** Starts the program, kills it with SIGKILL, and resolves when it is gone; true when it was done before. */
export async function runAndKill(
  place: { readonly url: string; readonly schema: string; readonly target: string },
  kill: Kill,
): Promise<boolean> {
  const stop = 'step' in kill ? [kill.step, String(kill.number)] : [];
  const child = spawn(
    process.execPath,
    ['--no-warnings', PROGRAM, place.url, place.schema, place.target, ...stop],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const isDone = await killWhen(child, kill);
  await exited;
  return isDone;
}

async function killWhen(child: ChildProcess, kill: Kill): Promise<boolean> {
  if (!child.stdout) throw new TypeError('no output');
  let isDone = false;
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'done') isDone = true;
    if (line === 'stopped') child.kill('SIGKILL');
    if (line === 'started' && 'afterMs' in kill) {
      timer ??= setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
    }
  }
  clearTimeout(timer);
  return isDone;
}

const ROUND = 60;

/**
 * Kills the program at each of these steps, in its second batch if it has two; each time with so many
 * new rows that more is to come. In the end every row that ever was comes back.
 */
export async function expectNothingLost(
  db: TestDatabase,
  kind: 'table' | 'files',
  steps: readonly string[],
): Promise<void> {
  const pool = db.pool();
  await makeRows(pool, 0);
  await ensureTables(pool, { schema: db.schema });
  const target = kind === 'table' ? 'table' : await temporaryDirectory();
  const all: string[] = [];
  for (const [index, step] of steps.entries()) {
    const first = index * ROUND + 1;
    await pool.query(
      `insert into rows (id, note) select n, 'note ' || n from generate_series($1::int, $2::int) n`,
      [first, first + ROUND - 1],
    );
    all.push(...(await contents(pool, `(select * from rows where id >= ${first})`)));
    const number = ['create', 'rename'].includes(step) ? 1 : 2;
    const place = { url: db.url, schema: db.schema, target };
    expect([step, await runAndKill(place, { step, number })]).toEqual([step, false]);
    await endLeases(pool, db.schema);
    const ids = Array.from({ length: first + ROUND - 1 }, (_, n) => n + 1);
    await expectConserved(pool, db.schema, target, ids);
  }
  await expectRestorable(pool, db.schema, target, all.toSorted());
}

/** Ends what the killed process left open, so that the next one need not wait for the lease. */
export async function endLeases(pool: pg.Pool, schema: string): Promise<void> {
  for (;;) {
    // Its session is over once its locks are.
    const { rows } = await pool.query<{ open: number }>(
      `select count(*)::int as open from pg_stat_activity
       where datname = current_database() and state like 'idle in transaction%'`,
    );
    if (rows[0]?.open === 0) break;
    await pool.query('select pg_sleep(0.01)');
  }
  await pool.query(`update ${schema}.leases set heartbeat_at = '-infinity'`);
}

/** Live and archived rows are all rows that ever were, none is in both, and the books agree. */
export async function expectConserved(
  pool: pg.Pool,
  schema: string,
  target: string,
  ids: readonly number[],
): Promise<void> {
  const live = await idsIn(pool, 'rows');
  const { rows: manifest } = await pool.query<{ run_id: string; count: number }>(
    `select run_id::text, sum(row_count)::int as count from ${schema}.manifest group by run_id`,
  );
  const archivedCount = manifest.reduce((sum, { count }) => sum + count, 0);
  expect(live.length + archivedCount).toBe(ids.length);
  await expectExactHistory(pool, schema);
  if (target === 'table') {
    const archived = archivedCount === 0 ? [] : await idsIn(pool, 'archived_rows');
    expect([...live, ...archived].toSorted((a, b) => a - b)).toEqual(ids);
  }
}

/** Archives the rest, and restores all of it: every row comes back, and no file is left open. */
export async function expectRestorable(
  pool: pg.Pool,
  schema: string,
  target: string,
  before: readonly string[],
): Promise<void> {
  const archive = target === 'table' ? toTable('archived_rows') : toFiles({ directory: target });
  const rest = await archivedRun(pool, schema, archive);
  expect(await rest.run()).toMatchObject({ ok: true });
  expect(await contents(pool, 'rows')).toEqual([]);
  if (target !== 'table') {
    // Files hold exactly what was committed, tails and orphans are swept.
    const found = (await rowsInFiles(target)).map(([id]) => Number(id));
    expect(found.length).toBe(before.length);
    expect(new Set(found).size).toBe(before.length);
  }
  const { rows: runs } = await pool.query<{ id: string }>(
    `select distinct run_id::text as id from ${schema}.manifest`,
  );
  for (const { id } of runs) expect(await rest.restore({}, id)).toMatchObject({ ok: true });
  expect((await contents(pool, 'rows')).toSorted()).toEqual(before);
}

async function idsIn(pool: pg.Pool, table: string): Promise<readonly number[]> {
  const { rows } = await pool.query<{ id: number }>(`select id from ${table} order by id`);
  return rows.map(({ id }) => id);
}
