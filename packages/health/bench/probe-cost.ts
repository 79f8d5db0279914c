import autocannon from 'autocannon';
import {
  BARE,
  type Contestant,
  LIGHTSHIP,
  NEST,
  NEST_CACHED,
  OURS,
  TERMINUS,
} from './contestants.ts';
import { median, type Section, spread, table, verdict } from './markdown.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const LIMIT = '1.15 ×';
const CONNECTION_COUNT = 50;

const READYZ: Contestant = { ...OURS, label: '@ops/health `/readyz`, `toNodeListener`' };
const HEALTH: Contestant = {
  ...OURS,
  label: '@ops/health `/health`, `toNodeListener`',
  path: '/health',
};
const FETCH: Contestant = {
  ...OURS,
  label: '@ops/health `/readyz`, `fetch`, converted by hand',
  settings: { through: 'fetch' },
};
const CONTESTANTS = [BARE, READYZ, HEALTH, FETCH, LIGHTSHIP, TERMINUS, NEST, NEST_CACHED];

interface Outcome {
  readonly contestant: Contestant;
  /** Processor time of the server a probe, microseconds, a round each. */
  readonly cpuUs: readonly number[];
  readonly callsPerProbe: number;
}

/** What a probe costs the server when all is well. */
export async function benchProbeCost(isQuick: boolean): Promise<Section> {
  const rounds = isQuick ? { count: 3, amount: 3_000 } : { count: 15, amount: 8_000 };
  const outcomes = await measure(rounds);
  const floor = outcomes[0]?.cpuUs ?? [];
  const ratios = ({ cpuUs }: Outcome): number[] =>
    cpuUs.map((value, round) => value / (floor[round] ?? Number.NaN));
  const rows = outcomes.map((outcome) => [
    outcome.contestant.label,
    spread(outcome.cpuUs, 1),
    spread(ratios(outcome), 2),
    outcome.callsPerProbe.toFixed(5),
  ]);
  return {
    title: `Processor time a probe, ${CONNECTION_COUNT} connections, a dependency that answers at once`,
    lines: [
      ...table(
        ['server', 'CPU µs (min–max):', '× bare of the same round (min–max):', 'calls a probe:'],
        rows,
      ),
      '',
      ...outcomes
        .filter(({ contestant }) => contestant === READYZ || contestant === HEALTH)
        .map((outcome) => verdict(outcome.contestant.label, '≤', LIMIT, median(ratios(outcome)))),
    ],
    raw: outcomes,
  };
}

/** A B C A B C …, so that a busy moment of the machine falls on all of them. */
async function measure(rounds: {
  readonly count: number;
  readonly amount: number;
}): Promise<Outcome[]> {
  await using stack = new AsyncDisposableStack();
  const servers: { contestant: Contestant; server: ServerProcess; cpuUs: number[] }[] = [];
  for (const contestant of CONTESTANTS) {
    const server = stack.use(await startServer(contestant, 'instant'));
    servers.push({ contestant, server, cpuUs: [] });
  }
  for (let round = -3; round < rounds.count; round += 1) {
    for (const { server, cpuUs } of servers) {
      const cost = await cpuPerProbe(server, rounds.amount);
      if (round >= 0) cpuUs.push(cost);
    }
  }
  const probeCount = (rounds.count + 3) * rounds.amount;
  return await Promise.all(
    servers.map(async ({ contestant, server, cpuUs }) => {
      const { callCount } = await server.usage();
      return { contestant, cpuUs, callsPerProbe: callCount / probeCount };
    }),
  );
}

async function cpuPerProbe(server: ServerProcess, amount: number): Promise<number> {
  const before = await server.usage();
  const result = await autocannon({
    url: server.url,
    connections: CONNECTION_COUNT,
    amount,
    sampleInt: 100,
  });
  const after = await server.usage();
  if (result['2xx'] !== amount) {
    throw new Error(`${server.url}: ${result['2xx']} of ${amount} probes were answered with 2xx`);
  }
  return (after.cpuUs - before.cpuUs) / amount;
}
