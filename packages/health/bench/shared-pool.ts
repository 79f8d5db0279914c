import { setInterval } from 'node:timers/promises';
import autocannon from 'autocannon';
import pg from 'pg';
import type { Contestant, PoolCheck } from './contestants.ts';
import { median, type Section, spread, table, verdict } from './markdown.ts';
import { type Probe, probe } from './probe.ts';
import { startServer } from './server-process.ts';

const LEAST_SHARE = '90 %';
const CONNECTION_COUNT = 20;
const PROBE_EVERY_MS = 100;
const PROBE_LIMIT_MS = 1_000;

interface Application extends Contestant {
  /** Nobody can connect meanwhile; connections that are there go on. */
  readonly isLocked: boolean;
}

function application(label: string, check: PoolCheck, isLocked = false): Application {
  return { label, program: 'application', path: '/readyz', settings: { check }, isLocked };
}

const CONTESTANTS = [
  application('no check', 'none'),
  application('@ops/health `postgres.ping`, the server lets nobody in', 'ping', true),
  application('@ops/health, a check of `pool.query` with `pg_sleep(2)`', 'sleep'),
  application('@godaddy/terminus, `pool.query` with `pg_sleep(2)`', 'terminus'),
];

interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly probes: readonly Probe[];
  readonly callCount: number;
  readonly greatestConcurrency: number;
}

/** What a database check that hangs does to the application whose pool it shares. */
export async function benchSharedPool(url: string, isQuick: boolean): Promise<Section> {
  const { count, seconds } = isQuick ? { count: 1, seconds: 3 } : { count: 7, seconds: 4 };
  const outcomes = CONTESTANTS.map((contestant) => ({ contestant, rounds: [] as Round[] }));
  for (let round = 0; round < count; round += 1) {
    for (const { contestant, rounds } of outcomes) {
      rounds.push(await underLoad(contestant, url, seconds));
    }
  }
  const alone = outcomes[0]?.rounds ?? [];
  const shares = (rounds: readonly Round[]): number[] =>
    rounds.map(({ perSecond }, at) => (100 * perSecond) / (alone[at]?.perSecond ?? Number.NaN));
  return {
    title: `An application and its hung check, a pool of 10, ${CONNECTION_COUNT} connections, ${count} × ${seconds} s, 10 probes a second with a limit of 1 s`,
    lines: [
      ...table(
        [
          'server',
          'requests a second (min–max):',
          '% of no check, same round (min–max):',
          'p99 ms:',
          'probes in time:',
          'their statuses',
          'calls that share the pool:',
          'at once:',
        ],
        outcomes.map(({ contestant, rounds }) => rowOf(contestant.label, rounds, shares(rounds))),
      ),
      '',
      ...outcomes
        .slice(1, 3)
        .map(({ contestant, rounds }) =>
          verdict(`${contestant.label}, throughput`, '≥', LEAST_SHARE, median(shares(rounds))),
        ),
    ],
    raw: outcomes,
  };
}

function rowOf(label: string, rounds: readonly Round[], shares: readonly number[]): string[] {
  const probes = rounds.flatMap((round) => round.probes);
  const statuses = probes.flatMap(({ status }) => (status === undefined ? [] : [status]));
  return [
    label,
    spread(
      rounds.map(({ perSecond }) => perSecond),
      0,
    ),
    spread(shares, 1),
    median(rounds.map(({ p99Ms }) => p99Ms)).toFixed(0),
    `${statuses.length} of ${probes.length}`,
    [...new Set(statuses)].join(', '),
    String(rounds.reduce((sum, { callCount }) => sum + callCount, 0)),
    String(Math.max(...rounds.map(({ greatestConcurrency }) => greatestConcurrency))),
  ];
}

async function underLoad(contestant: Application, url: string, seconds: number): Promise<Round> {
  await using server = await startServer(contestant, new URL(url));
  // Its connections are there, and are used a little before the time counts.
  await autocannon({ url: server.origin, connections: CONNECTION_COUNT, amount: 2_000 });
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query('begin');
    if (contestant.isLocked) {
      // Who connects reads this catalog, and waits; who is connected does not need it.
      await admin.query('lock table pg_catalog.pg_authid in access exclusive mode');
    }
    const [result, probes] = await Promise.all([
      autocannon({
        url: server.origin,
        connections: CONNECTION_COUNT,
        duration: seconds,
        timeout: 30,
      }),
      probing(server.url, seconds),
    ]);
    if (result.non2xx > 0)
      throw new Error(`${contestant.label}: the application answered an error`);
    const { callCount, greatestConcurrency } = await server.usage();
    return {
      perSecond: result['2xx'] / result.duration,
      p99Ms: result.latency.p99,
      probes,
      callCount,
      greatestConcurrency,
    };
  } finally {
    await admin.query('rollback');
    await admin.end();
  }
}

/** They come at their times, however long those before take. */
async function probing(url: string, seconds: number): Promise<Probe[]> {
  const probes: Promise<Probe>[] = [];
  const probeCount = (seconds * 1_000) / PROBE_EVERY_MS;
  for await (const send of setInterval(PROBE_EVERY_MS, probe)) {
    if (probes.push(send(url, PROBE_LIMIT_MS)) >= probeCount) break;
  }
  return Promise.all(probes);
}
