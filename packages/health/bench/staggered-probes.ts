import {
  type Contestant,
  NEST,
  NEST_CACHED,
  NEST_LIMITED,
  OURS,
  OURS_OFTEN,
  TERMINUS,
} from './contestants.ts';
import { median, type Section, table, verdict } from './markdown.ts';
import { type Probe, probe } from './probe.ts';
import { startServer } from './server-process.ts';

/** That of the check, and that of the probers. */
const LIMIT_MS = 1_000;
const SPACING_MS = 400;
/** How long a prober is let wait, so that it is seen how late an answer is. */
const PATIENCE_MS = 10_000;
const CONTESTANTS = [OURS, OURS_OFTEN, TERMINUS, NEST, NEST_CACHED, NEST_LIMITED];

interface Outcome {
  readonly contestant: Contestant;
  readonly probes: readonly Probe[];
  readonly slowCount: number;
  readonly greatestConcurrency: number;
}

/** What several kubelets and load balancers do: they come one after another, not all at once. */
export async function benchStaggeredProbes(isQuick: boolean): Promise<Section> {
  const probeCount = isQuick ? 8 : 24;
  // Each server waits most of the time, so they may run side by side.
  const outcomes = await Promise.all(
    CONTESTANTS.map((contestant) => stagger(contestant, probeCount)),
  );
  return {
    title: `A dependency that takes 2 s, ${probeCount} probes, one each ${SPACING_MS} ms, limit ${LIMIT_MS} ms`,
    lines: [
      ...table(
        ['server', 'probes above the limit:', 'median ms:', 'slowest ms:', 'calls at once:'],
        outcomes.map(({ contestant, probes, slowCount, greatestConcurrency }) => {
          const times = probes.map(({ tookMs }) => tookMs);
          return [
            contestant.label,
            `${slowCount} of ${probes.length}`,
            median(times).toFixed(0),
            Math.max(...times).toFixed(0),
            greatestConcurrency,
          ];
        }),
      ),
      '',
      ...outcomes
        .filter(({ contestant }) => contestant.program === 'ours')
        .map(({ contestant, slowCount }) =>
          verdict(`${contestant.label}, probes above the limit`, '≤', '1', slowCount),
        ),
    ],
    raw: outcomes,
  };
}

async function stagger(contestant: Contestant, probeCount: number): Promise<Outcome> {
  await using server = await startServer(contestant, 'slow');
  const running: Promise<Probe>[] = [];
  for (let at = 0; at < probeCount; at += 1) {
    running.push(probe(server.url, PATIENCE_MS));
    await new Promise((resolve) => setTimeout(resolve, SPACING_MS));
  }
  const probes = await Promise.all(running);
  const slowCount = probes.filter(
    ({ tookMs, status }) => tookMs > LIMIT_MS || status === undefined,
  ).length;
  const { greatestConcurrency } = await server.usage();
  return { contestant, probes, slowCount, greatestConcurrency };
}
