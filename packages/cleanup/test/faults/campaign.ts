import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureTables } from '../../src/index.ts';
import { startApplication } from './application.ts';
import { type CleanerEnd, startCleaner } from './cleaner.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { FAULTS, type FaultName, type FaultOutcome } from './faults.ts';
import type { Mode } from './jobs-cleanup.ts';
import { addJobs, makeTables } from './jobs-tables.ts';
import { createRandom, type Random } from './random.ts';
import { strayFiles } from './read-archive.ts';
import { restoreAll } from './restore-all.ts';
import { createScene, expireLeases, leftOpen, type Scene, sessionsGone } from './scene.ts';
import type { StoppableServer } from './stoppable-server.ts';
import { verify } from './verify.ts';

/** What a campaign is made of. */
interface CampaignOptions {
  /** Of a database that nothing else uses; its `public`, `archive` and `ops_cleanup` are made anew. */
  readonly url: string;
  readonly server?: StoppableServer | undefined;
  readonly mode: Mode;
  /** The same seed makes the same choices, not the same races. */
  readonly seed: number;
  /** Processes to kill at least, turn by turn. */
  readonly kills: number;
  /** Made in turn with the kills, evenly among them. */
  readonly others: readonly FaultName[];
}

/** How it went. */
interface CampaignReport {
  readonly kills: number;
  /** How often each fault was made. */
  readonly made: Readonly<Record<string, number>>;
  /** How often a process that lived said that it stopped so. */
  readonly stopped: Readonly<Record<string, number>>;
  /** What the application did meanwhile. */
  readonly application: Readonly<Record<string, number>>;
  readonly inserted: number;
  readonly deleted: number;
  readonly restored: number;
  /** Empty when all is well. */
  readonly wrong: readonly string[];
}

const JOBS_A_TURN = 120;
const SESSIONS = 2;

/**
 * Makes one fault after another to cleanups of jobs, while an application works on the same rows. After
 * each, what is live, what was deleted, what is archived and what the history says must add up. In
 * the end nothing due is left after an undisturbed run, and everything comes back.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { url, seed, mode, server } = options;
  const random = createRandom(seed);
  const base = await mkdtemp(join(tmpdir(), 'ops-cleanup-faults-'));
  const directory = join(base, 'archive');
  try {
    await mkdir(directory);
    await setUp(url);
    await using proxy = await startCuttingProxy(url);
    await using scene = createScene({ mode, url, directory, proxy, random, server });
    return await runTurns(scene, options);
  } finally {
    await rm(base, { recursive: true });
  }
}

async function runTurns(
  scene: Scene,
  { seed, kills, others }: CampaignOptions,
): Promise<CampaignReport> {
  const application = startApplication(scene.url, SESSIONS, createRandom(seed + 1));
  const tally = { kills: 0, made: {}, stopped: {} };
  const wrong: string[] = [];
  const left = [...others];
  try {
    while ((tally.kills < kills || left.length > 0) && wrong.length === 0) {
      const isOther =
        left.length > 0 && tally.kills * others.length >= (others.length - left.length) * kills;
      const name = isOther ? (left.shift() ?? 'connection cut') : killOf(scene.random);
      await withClient(scene.url, (client) => addJobs(client, JOBS_A_TURN));
      const outcome = await FAULTS[name](scene);
      await sessionsGone(scene);
      count(tally, name, outcome);
      wrong.push(
        ...[...outcome.wrong, ...(await afterTurn(scene, outcome.ends))].map(
          (each) => `${name}: ${each}`,
        ),
      );
      await expireLeases(scene);
    }
    await application.stop();
    const end = wrong.length === 0 ? await finish(scene) : { restored: 0, wrong: [] };
    const sums = await totals(scene);
    return {
      ...tally,
      ...sums,
      ...end,
      application: application.done,
      wrong: [...wrong, ...end.wrong],
    };
  } finally {
    await application.stop().catch(() => {});
  }
}

function killOf(random: Random): FaultName {
  return random.below(2) === 0 ? 'killed at a moment' : 'killed at a statement';
}

async function setUp(url: string): Promise<void> {
  await withClient(url, makeTables);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await ensureTables(pool);
  await pool.end();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Tally {
  kills: number;
  readonly made: Record<string, number>;
  readonly stopped: Record<string, number>;
}

function count(tally: Tally, name: FaultName, { ends }: FaultOutcome): void {
  tally.made[name] = (tally.made[name] ?? 0) + 1;
  for (const { isKilled, report } of ends) {
    if (isKilled) tally.kills += 1;
    if (report) tally.stopped[report.stopped] = (tally.stopped[report.stopped] ?? 0) + 1;
  }
}

async function afterTurn(scene: Scene, ends: readonly CleanerEnd[]): Promise<readonly string[]> {
  return [
    ...(await checkReports(scene, ends)),
    ...(await withClient(scene.url, (client) => verify(client, scene))),
  ];
}

/** The only reasons for which a cleanup may fail here. */
const LOST = /terminat|connection|ECONN|EPIPE|shutting down|starting up|recovery mode/i;

/** What a process that lived says must be what the history has of it. */
async function checkReports(scene: Scene, ends: readonly CleanerEnd[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { report } of ends) {
    if (!report) continue;
    const { runId, deleted, archived, unconfirmed, stopped, why } = report;
    if (stopped === 'refused' || (stopped === 'failed' && !LOST.test(why))) {
      wrong.push(`${stopped}: ${why}`);
    }
    if (runId === undefined || deleted + unconfirmed === 0) continue;
    const found = await scene.query(
      `select from ops_cleanup.policy_runs
       where run_id = $1::uuid
         and (deleted = $2::bigint and archived = $3::bigint
           or $4::bigint > 0 and deleted in ($2::bigint, $2::bigint + $4::bigint))`,
      [runId, deleted, archived, unconfirmed],
    );
    if (found.length !== 1) wrong.push(`the history does not have ${JSON.stringify(report)}`);
  }
  return wrong;
}

/** Undisturbed, nothing due is left; a run after that does nothing; and everything comes back. */
async function finish(scene: Scene): Promise<{ restored: number; wrong: readonly string[] }> {
  const wrong: string[] = [];
  const first = await startCleaner(scene.order()).ended;
  const second = await startCleaner(scene.order()).ended;
  if (first.report?.stopped !== 'drained') wrong.push(`the last run: ${JSON.stringify(first)}`);
  if (second.report?.stopped !== 'drained' || second.report.deleted > 0) {
    wrong.push(`a run after it: ${JSON.stringify(second)}`);
  }
  const due = await scene.query(
    'select id::text as id from jobs where id not in (select id from kept)',
  );
  if (due.length > 0) wrong.push(`${due.length} due rows are left, among them ${due[0]?.['id']}`);
  wrong.push(...(await leftOpen(scene)), ...(await afterTurn(scene, [first, second])));
  const { mode, url, directory } = scene;
  if (mode === 'files') {
    const strays = await withClient(url, (client) => strayFiles(client, directory));
    wrong.push(...strays.map((name) => `${name} was not cleared up`));
  }
  if (mode === 'delete') return { restored: 0, wrong };
  const restoring = await restoreAll(url, scene.order());
  return { restored: restoring.restored, wrong: [...wrong, ...restoring.wrong] };
}

async function totals(scene: Scene): Promise<{ inserted: number; deleted: number }> {
  const [row] = await scene.query(
    `select (select count(*) from truth)::text as inserted,
       (select coalesce(sum(deleted), 0) from ops_cleanup.policy_runs)::text as deleted`,
  );
  return { inserted: Number(row?.['inserted']), deleted: Number(row?.['deleted']) };
}
