import {
  type Contestant,
  NEST,
  NEST_CACHED,
  NEST_LIMITED,
  OURS,
  OURS_OFTEN,
  TERMINUS,
} from './contestants.ts';
import { type Section, table, verdict } from './markdown.ts';
import { probe } from './probe.ts';
import { startServer } from './server-process.ts';

const PATIENCE_MS = 3_000;
const WAVE_SIZE = 500;
const CONTESTANTS = [OURS, OURS_OFTEN, TERMINUS, NEST, NEST_CACHED, NEST_LIMITED];

interface Outcome {
  readonly contestant: Contestant;
  readonly probeCount: number;
  readonly answerCount: number;
  readonly outstandingCount: number;
}

/** What is left behind by a check that never settles. */
export async function benchHungCheck(isQuick: boolean): Promise<Section> {
  const probeCount = isQuick ? WAVE_SIZE : 3_000;
  const outcomes: Outcome[] = [];
  for (const contestant of CONTESTANTS) outcomes.push(await flood(contestant, probeCount));
  return {
    title: `A check that never settles, ${probeCount} probes, ${WAVE_SIZE} at once, each waits ${PATIENCE_MS} ms`,
    lines: [
      ...table(
        ['server', 'answered:', 'attempts left behind:'],
        outcomes.map(({ contestant, answerCount, outstandingCount }) => [
          contestant.label,
          answerCount,
          outstandingCount,
        ]),
      ),
      '',
      ...outcomes
        .filter(({ contestant }) => contestant.program === 'ours')
        .flatMap(({ contestant, answerCount, outstandingCount }) => [
          verdict(`${contestant.label}, answered`, '≥', String(probeCount), answerCount),
          verdict(`${contestant.label}, attempts left behind`, '≤', '1', outstandingCount),
        ]),
    ],
    raw: outcomes,
  };
}

async function flood(contestant: Contestant, probeCount: number): Promise<Outcome> {
  await using server = await startServer(contestant, 'hung');
  let answerCount = 0;
  for (let sent = 0; sent < probeCount; sent += WAVE_SIZE) {
    const wave = await Promise.all(
      Array.from({ length: WAVE_SIZE }, () => probe(server.url, PATIENCE_MS)),
    );
    answerCount += wave.filter(({ status }) => status !== undefined).length;
  }
  const { outstandingCount } = await server.usage();
  return { contestant, probeCount, answerCount, outstandingCount };
}
