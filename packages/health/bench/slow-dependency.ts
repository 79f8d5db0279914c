import autocannon from 'autocannon';
import {
  type Contestant,
  NEST,
  NEST_CACHED,
  NEST_LIMITED,
  OURS,
  OURS_OFTEN,
  OURS_PATIENT,
  TERMINUS,
} from './contestants.ts';
import { type Section, table, verdict } from './markdown.ts';
import { startServer } from './server-process.ts';

const MOST_CALLS = 6;
const CONTESTANTS = [OURS, OURS_PATIENT, OURS_OFTEN, TERMINUS, NEST, NEST_CACHED, NEST_LIMITED];

interface Outcome {
  readonly contestant: Contestant;
  readonly answerCount: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly callCount: number;
  readonly greatestConcurrency: number;
}

/** What becomes of a dependency that takes 2 s when many ask. */
export async function benchSlowDependency(isQuick: boolean): Promise<Section> {
  const connectionCount = 500;
  const seconds = isQuick ? 4 : 10;
  const outcomes: Outcome[] = [];
  for (const contestant of CONTESTANTS) {
    outcomes.push(await crowd(contestant, connectionCount, seconds));
  }
  return {
    title: `A dependency that takes 2 s, ${connectionCount} connections, ${seconds} s`,
    lines: [
      ...table(
        ['server', 'answers:', 'p50 ms:', 'p99 ms:', 'calls of the dependency:', 'at once:'],
        outcomes.map((outcome) => [
          outcome.contestant.label,
          outcome.answerCount,
          outcome.p50Ms,
          outcome.p99Ms,
          outcome.callCount,
          outcome.greatestConcurrency,
        ]),
      ),
      '',
      ...outcomes
        .filter(({ contestant }) => contestant.program === 'ours')
        .flatMap(({ contestant, callCount, greatestConcurrency }) => [
          verdict(`${contestant.label}, calls`, '≤', String(MOST_CALLS), callCount),
          verdict(`${contestant.label}, at once`, '≤', '1', greatestConcurrency),
        ]),
    ],
    raw: outcomes,
  };
}

async function crowd(
  contestant: Contestant,
  connectionCount: number,
  seconds: number,
): Promise<Outcome> {
  await using server = await startServer(contestant, 'slow');
  const result = await autocannon({
    url: server.url,
    connections: connectionCount,
    duration: seconds,
    timeout: 30,
  });
  // At the end the load leaves; what it has set off goes on, and is counted up to here.
  const { callCount, greatestConcurrency } = await server.usage();
  const answerCount = result['2xx'] + result.non2xx;
  const { p50, p99 } = result.latency;
  return { contestant, answerCount, p50Ms: p50, p99Ms: p99, callCount, greatestConcurrency };
}
