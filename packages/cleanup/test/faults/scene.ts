import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { CleanOrder, SelfSignal } from './clean-process.ts';
import type { CuttingProxy } from './cutting-proxy.ts';
import type { Mode } from './jobs-cleanup.ts';
import type { Random } from './random.ts';
import type { StoppableServer } from './stoppable-server.ts';

type Rows = readonly Readonly<Record<string, string | null>>[];

/** Where faults happen: a database with jobs in it, and an application at work on them. */
export interface Scene extends AsyncDisposable {
  readonly mode: Mode;
  readonly url: string;
  /** Of archive files; beside it is what else the campaign stores. */
  readonly directory: string;
  readonly proxy: CuttingProxy;
  readonly random: Random;
  /** Only when the server is this campaign's own. */
  readonly server: StoppableServer | undefined;
  /** Of a cleanup with settings by chance. */
  order(more?: Partial<CleanOrder>): CleanOrder;
  query(text: string, values?: unknown[]): Promise<Rows>;
}

const SESSION = 'ops-cleanup-fault';

interface SceneOptions extends Omit<Scene, 'order' | 'query' | typeof Symbol.asyncDispose> {}

export function createScene(options: SceneOptions): Scene {
  const { random, mode, directory, url } = options;
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // Connects anew when the server was away.
  pool.on('error', () => {});
  let orderCount = 0;
  return {
    ...options,
    order: (more = {}) => ({
      url,
      mode,
      directory,
      session: `${SESSION} ${(orderCount += 1)}`,
      format: random.pick(['ndjson', 'ndjson.gz', 'ndjson.zst']),
      maxFileBytes: 2_000 + random.below(30_000),
      maxBatch: 10 + random.below(40),
      // Up to ten years wrong, either way.
      skewMs: Math.round((random() - 0.5) * 20 * 365 * 86_400_000),
      ...more,
    }),
    async query(text, values) {
      return (await pool.query<Rows[number]>(text, values)).rows;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** Before or in the first batches: each takes some ten statements. */
export function someStatement(name: SelfSignal['name'], random: Random): SelfSignal {
  const from = random.below(6) === 0 ? 'start' : 'policy';
  return { name, from, statement: 1 + random.below(40), isSent: random.below(2) === 0 };
}

/** Until no cleanup has a session any more, or that one has none: what was sent may still be under way. */
export async function sessionsGone(scene: Scene, session?: string): Promise<void> {
  for (;;) {
    const left = await scene.query(
      `select from pg_stat_activity
       where datname = current_database() and application_name like $1`,
      [session ?? `${SESSION} %`],
    );
    if (left.length === 0) return;
    await sleep(10);
  }
}

/** As if no holder of a lease had been heard of for two minutes: their leases are free. */
export async function expireLeases(scene: Scene): Promise<void> {
  await scene.query(
    `update ops_cleanup.leases set heartbeat_at = clock_timestamp() - interval '2 minutes'`,
  );
}

/** Cuts the sessions of a cleanup that are in a transaction or not. */
export async function terminate(scene: Scene, session: string): Promise<void> {
  await scene.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = $1`,
    [session],
  );
}

/** Leases that nobody gave back and runs that are not down as ended: none, when all came to a good end. */
export async function leftOpen(scene: Scene): Promise<readonly string[]> {
  const left = await scene.query(
    `select owner as who from ops_cleanup.leases where owner is not null
     union all
     select id::text from ops_cleanup.runs where ended_at is null`,
  );
  return left.map(({ who }) => `left open by ${who}`);
}
