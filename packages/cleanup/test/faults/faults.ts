import { setTimeout as sleep } from 'node:timers/promises';
import { type Cleaner, type CleanerEnd, startCleaner } from './cleaner.ts';
import {
  expireLeases,
  leftOpen,
  type Scene,
  sessionsGone,
  someStatement,
  terminate,
} from './scene.ts';

/** What came of one fault. */
export interface FaultOutcome {
  readonly ends: readonly CleanerEnd[];
  /** What was seen that must not be. */
  readonly wrong: readonly string[];
}

type Fault = (scene: Scene) => Promise<FaultOutcome>;

export type FaultName =
  | 'killed at a moment'
  | 'killed at a statement'
  | 'backend terminated'
  | 'connection cut'
  | 'connection cut at COMMIT'
  | 'three at once'
  | 'stopped between batches'
  | 'stopped in a batch'
  | 'server stopped';

/** About as long as the batches of one turn take. */
const LONGEST_MS = 150;

/** Some time after the first batch has begun. */
async function later(cleaner: Cleaner, { random }: Scene): Promise<void> {
  await cleaner.begun;
  await sleep(random() * LONGEST_MS);
}

async function outcomeOf(...cleaners: readonly Cleaner[]): Promise<FaultOutcome> {
  return { ends: await Promise.all(cleaners.map(({ ended }) => ended)), wrong: [] };
}

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  async 'killed at a moment'(scene) {
    const cleaner = startCleaner(scene.order());
    await later(cleaner, scene);
    cleaner.child.kill('SIGKILL');
    return outcomeOf(cleaner);
  },

  /** Before it is sent or as soon as it is: BEGIN, the pick, the manifest, COMMIT and what is between. */
  'killed at a statement': (scene) =>
    outcomeOf(startCleaner(scene.order({ signal: someStatement('SIGKILL', scene.random) }))),

  async 'backend terminated'(scene) {
    const cleaner = startCleaner(scene.order());
    await later(cleaner, scene);
    await terminate(scene, cleaner.session);
    return outcomeOf(cleaner);
  },

  async 'connection cut'(scene) {
    const cleaner = startCleaner(scene.order({ url: scene.proxy.url }));
    await later(cleaner, scene);
    scene.proxy.cut();
    return outcomeOf(cleaner);
  },

  /** The server gets the COMMIT, the cleanup no answer. */
  async 'connection cut at COMMIT'(scene) {
    const cleaner = startCleaner(scene.order({ url: scene.proxy.url }));
    await later(cleaner, scene);
    scene.proxy.cutAtCommit();
    const outcome = await outcomeOf(cleaner);
    scene.proxy.disarm();
    return outcome;
  },

  'three at once': threeAtOnce,

  'stopped between batches': (scene) => stoppedBeyondLease(scene, false),

  'stopped in a batch': (scene) => stoppedBeyondLease(scene, true),

  /** `pg_ctl stop -m immediate`, and started again after a while. */
  async 'server stopped'(scene) {
    const { server, random } = scene;
    if (!server) throw new TypeError('the server is not ours to stop');
    const cleaner = startCleaner(scene.order());
    await later(cleaner, scene);
    await server.stopImmediately();
    await sleep(random() * LONGEST_MS);
    await server.start();
    return outcomeOf(cleaner);
  },
};

/** Two may have their turn one after the other, but never at the same time. */
async function threeAtOnce(scene: Scene): Promise<FaultOutcome> {
  const [last] = await scene.query(
    'select coalesce(max(fence), 0)::text as fence from ops_cleanup.runs',
  );
  const orders = [scene.order(), scene.order(), scene.order()];
  const { ends } = await outcomeOf(...orders.map(startCleaner));
  const overlaps = await scene.query(
    `select later.fence
     from ops_cleanup.runs later
     join ops_cleanup.policy_runs of_later on of_later.run_id = later.id
     join ops_cleanup.runs earlier on earlier.fence < later.fence and earlier.fence > $1::bigint
     where earlier.ended_at > of_later.started_at`,
    [last?.['fence']],
  );
  const stopped = ends.map(({ report }) => report?.stopped);
  const wrong = [
    ...overlaps.map(() => 'two runs were at work at the same time'),
    ...(await leftOpen(scene)),
  ];
  // What the application has locked at the last look is left.
  if (!stopped.some((how) => how === 'drained' || how === 'blocked')) {
    wrong.push(`three at once ended with ${stopped.join(', ')}`);
  }
  return { ends, wrong };
}

/**
 * A cleanup stops; its lease expires, and when it is in a transaction the server ends that, as it does
 * after 15 seconds by itself. Another takes over. When the old one wakes up, it commits nothing.
 */
async function stoppedBeyondLease(scene: Scene, isInBatch: boolean): Promise<FaultOutcome> {
  const { random } = scene;
  // The lease's statement is the second of a batch: one that stops before BEGIN is between batches.
  const statement = isInBatch ? 12 + random.below(12) : undefined;
  const old = startCleaner(
    scene.order({
      maxBatch: 10,
      signal: statement
        ? { name: 'SIGSTOP', from: 'policy', statement, isSent: random.below(2) === 0 }
        : { name: 'SIGSTOP', from: 'batch', statement: 1 + random.below(3), isSent: false },
    }),
  );
  await old.signalling;
  try {
    if (isInBatch) {
      await terminate(scene, old.session);
      await sessionsGone(scene, old.session);
    }
    const [before] = await newestRun(scene);
    await expireLeases(scene);
    const next = startCleaner(scene.order());
    await (random.below(2) === 0 ? next.begun : next.ended);
    old.child.kill('SIGCONT');
    const ends = [await old.ended, await next.ended];
    const [after] = await newestRun(scene, before?.['run_id'] ?? undefined);
    const deleted = [before?.['deleted'], after?.['deleted']];
    return {
      ends,
      wrong: [...wrongOfTakeOver(ends, deleted, isInBatch), ...(await leftOpen(scene))],
    };
  } finally {
    old.child.kill('SIGCONT');
  }
}

function wrongOfTakeOver(
  [old, next]: readonly CleanerEnd[],
  [before, after]: readonly (string | null | undefined)[],
  isInBatch: boolean,
): readonly string[] {
  const wrong: string[] = [];
  if (before === undefined || before !== after) {
    wrong.push(`an old runner had deleted ${before} rows, and ${after} after it woke up`);
  }
  if (!['drained', 'blocked'].includes(next?.report?.stopped ?? '')) {
    wrong.push(`the runner that took over ended with ${JSON.stringify(next?.report)}`);
  }
  // A connection that was cut may be noticed before the lease is found to be another's.
  const allowed = isInBatch ? ['fenced', 'failed'] : ['fenced'];
  if (!allowed.includes(old?.report?.stopped ?? '')) {
    wrong.push(`the runner that was stopped ended with ${JSON.stringify(old?.report)}`);
  }
  return wrong;
}

/** Or of the one that is meant. */
function newestRun(scene: Scene, runId?: string): ReturnType<Scene['query']> {
  return scene.query(
    `select run_id::text as run_id, deleted::text as deleted
     from ops_cleanup.policy_runs
     where $1::uuid is null or run_id = $1::uuid
     order by started_at desc
     limit 1`,
    [runId ?? null],
  );
}
