import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type ByHand, deleteByHand } from './by-hand.ts';
import { cleanOnce } from './clean-once.ts';
import { type Load, startLoad } from './load.ts';
import type { CleanJob, CleanResult } from './programs/clean.ts';
import type { LoadResult } from './programs/load.ts';
import { prove } from './proof.ts';
import type { Copy, Server } from './server.ts';
import type { SessionCost } from './session-cost.ts';
import { type Expired, templateOf } from './tables.ts';

/** One thing to measure. */
export interface Contestant {
  /** Of the table; half of them are expired. */
  readonly rows: number;
  readonly expired: Expired;
  /** The child table is removed first. */
  readonly withoutSteps?: boolean | undefined;
  /** Another session keeps a snapshot from before. */
  readonly heldSnapshot?: boolean | undefined;
  /** The application runs meanwhile. */
  readonly load: boolean;
  /** The application's undisturbed times matter, so they are taken for longer, and afterwards too. */
  readonly isPaced?: boolean | undefined;
  /** By hand, or a cleanup. */
  readonly work: ByHand | CleanWork;
}

export type CleanWork = Pick<CleanJob, 'archive' | 'pace' | 'seconds' | 'walBudget'>;

/** What was measured of one contestant, once. */
export interface Measured {
  readonly ms: number;
  readonly deleted: number;
  /** What the contestant's processes took: those of the server, and the cleanup's own. */
  readonly cpuMs: number;
  /** Written by the contestant's sessions. */
  readonly walMb: number;
  /** Of the whole server meanwhile. */
  readonly serverWalMb: number;
  readonly deadTuples: number;
  /** Of the machine over the last minute, when it was done: what else went on. */
  readonly loadAverage: number;
  readonly clean: CleanResult | undefined;
  readonly load: LoadResult | undefined;
}

const WARM_UP_MS = 2_000;
const BEFORE_MS = 3_000;
/** Before and again after: a p95 from 2,000 requests and more. */
const PACED_BEFORE_MS = 8_000;
const MB = 1_000_000;

/** Begins with a fresh copy of the data, and fails when anything but the expired rows is gone. */
export async function measure(server: Server, contestant: Contestant): Promise<Measured> {
  await using copy = await server.copy(templateOf(contestant));
  const client = await copy.connect();
  if (contestant.withoutSteps) await client.query('drop table execution_steps');
  if (contestant.heldSnapshot) {
    const holder = await copy.connect();
    await holder.query('begin isolation level repeatable read; select 1');
  }
  const load = contestant.load ? await startLoad(copy.url, contestant) : undefined;
  try {
    return await underLoad(copy, client, contestant, load);
  } finally {
    load?.kill();
  }
}

async function underLoad(
  copy: Copy,
  client: pg.Client,
  contestant: Contestant,
  load: Load | undefined,
): Promise<Measured> {
  const undisturbedMs = contestant.isPaced ? PACED_BEFORE_MS : BEFORE_MS;
  if (load) await undisturbed(load, undisturbedMs);
  const walFrom = await walPosition(client);
  await using done = await contend(copy, contestant, load);
  const wal = (await walPosition(client)) - walFrom;
  if (contestant.isPaced) await sleep(undisturbedMs);
  const result = await load?.stop();
  await prove(client, contestant, done, result);
  return {
    ms: done.ms,
    deleted: done.deleted,
    cpuMs: done.cpuMs,
    walMb: done.walBytes / MB,
    serverWalMb: (done.clean?.serverWalBytes ?? wal) / MB,
    deadTuples: await deadTuples(client),
    loadAverage: loadavg()[0] ?? Number.NaN,
    clean: done.clean,
    load: result,
  };
}

async function undisturbed(load: Load, ms: number): Promise<void> {
  load.mark('warm-up');
  await sleep(WARM_UP_MS);
  load.mark('before');
  await sleep(ms);
}

/** A contestant's work, before its archive is thrown away. */
export interface Done extends SessionCost, AsyncDisposable {
  readonly ms: number;
  readonly deleted: number;
  readonly clean: CleanResult | undefined;
  /** Where it archived to, when that is files. */
  readonly directory: string | undefined;
}

async function contend(
  copy: Copy,
  { work, expired }: Contestant,
  load: Load | undefined,
): Promise<Done> {
  if (typeof work !== 'string') {
    return cleanOnce({ ...work, url: copy.url, expired }, (phase) => load?.mark(phase));
  }
  const client = await copy.connect();
  load?.mark('during');
  const done = await deleteByHand(client, work, expired);
  load?.mark('after');
  await client.end();
  return { ...done, clean: undefined, directory: undefined, [Symbol.asyncDispose]: async () => {} };
}

async function walPosition(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ at: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text as at`,
  );
  return Number(rows[0]?.at);
}

/** Of all tables, once the sessions that made them are over, which is when they have counted them. */
async function deadTuples(client: pg.Client): Promise<number> {
  for (;;) {
    const { rowCount } = await client.query(
      `select
       from pg_stat_activity
       where datname = current_database()
         and pid <> pg_backend_pid()
         and state is distinct from 'idle in transaction'`,
    );
    if (rowCount === 0) break;
    await sleep(20);
  }
  const { rows } = await client.query<{ dead: string }>(
    `select coalesce(sum(n_dead_tup), 0)::text as dead
     from pg_stat_user_tables
     where schemaname = 'public'`,
  );
  return Number(rows[0]?.dead);
}
