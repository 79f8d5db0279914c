import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from './collector.ts';
import { CONTESTANTS, type Contestant, nameOf, TUNED } from './contestants.ts';
import { type Section, table, verdict } from './markdown.ts';
import { startProgram } from './program.ts';
import type { Collected, Mode } from './programs/collector.ts';
import type { OutageJob, OutageResult } from './programs/outage.ts';

interface Run extends OutageResult {
  readonly contestant: Contestant;
  readonly fault: Fault;
  readonly arrived: Collected;
  readonly lost: number;
}

type Fault = Exclude<Mode, 'up'>;

interface Course {
  readonly beforeS: number;
  readonly outageS: number;
  readonly afterS: number;
}

const PER_SECOND = 1_000;
const FAULTS: readonly Fault[] = ['unavailable', 'refused'];
const SHOWN = { unavailable: '503', refused: 'connection refused' } as const;

/** A steady stream of events, with a collector that is away for a while. In real time. */
export async function benchOutage(isQuick: boolean): Promise<Section> {
  const course = isQuick
    ? { beforeS: 1, outageS: 3, afterS: 1 }
    : { beforeS: 2, outageS: 12, afterS: 2 };
  const jobs = FAULTS.flatMap((fault) =>
    CONTESTANTS.map((contestant) => ({ contestant, fault, course })),
  );
  // None of them needs more than a tenth of a processor, but all at once would disturb each other.
  const atOnce = availableParallelism() * 2;
  const runs: Run[] = [];
  for (let from = 0; from < jobs.length; from += atOnce) {
    runs.push(...(await Promise.all(jobs.slice(from, from + atOnce).map(runOnce))));
  }
  return {
    title: 'Client: an outage',
    lines: [
      `${PER_SECOND.toLocaleString('en')} events a second for ${course.beforeS + course.outageS + course.afterS} s, of which the collector is away for ${course.outageS} s, then shutdown with up to 45 s; ${atOnce} clients at the same time, each in a process of its own; ${TUNED}. Lost is what the collector did not get; told is what the client says of that.`,
      '',
      ...outageTable(runs),
      '',
      ...verdicts(runs),
    ],
    raw: runs,
  };
}

async function runOnce(job: {
  readonly contestant: Contestant;
  readonly fault: Fault;
  readonly course: Course;
}): Promise<Run> {
  const { contestant, fault, course } = job;
  const { beforeS, outageS, afterS } = course;
  using collector = await startCollector();
  const seconds = beforeS + outageS + afterS;
  const { origin } = collector;
  const work: OutageJob = { contestant, origin, seconds, perSecond: PER_SECOND };
  using program = startProgram<'begins' | OutageResult>('outage', work);
  await program.next();
  const finished = program.next();
  await sleep(beforeS * 1_000);
  await collector.become(fault);
  await sleep(outageS * 1_000);
  await collector.become('up');
  const result = (await finished) as OutageResult;
  const arrived = await collector.report();
  const lost = result.tracked - arrived.events;
  if (contestant.library === 'ours' && result.told.events !== lost) {
    throw new Error(`${nameOf(contestant)} told of ${result.told.events}, lost ${lost}`);
  }
  return { ...result, contestant, fault, arrived, lost };
}

function outageTable(runs: readonly Run[]): string[] {
  return table(
    [
      'client',
      'outage',
      'tracked:',
      'lost:',
      'told:',
      'arrived twice:',
      'requests:',
      'sockets at once:',
      'peak heap MB:',
      'CPU ms:',
      'shutdown s:',
    ],
    runs.map((run) => [
      nameOf(run.contestant),
      SHOWN[run.fault],
      run.tracked,
      run.lost,
      run.told.events ?? `${run.told.notices} notices`,
      run.arrived.repeats,
      run.arrived.requests,
      run.arrived.mostSockets,
      run.peakMb.toFixed(0),
      run.cpuMs.toFixed(0),
      (run.shutdownMs / 1_000).toFixed(1),
    ]),
  );
}

function verdicts(runs: readonly Run[]): string[] {
  return runs.flatMap(({ contestant, fault, lost, told }) => {
    if (contestant.library !== 'ours') return [];
    const what = `${nameOf(contestant)}, ${SHOWN[fault]}`;
    const uncounted = lost - (told.events ?? 0);
    return [
      ...(contestant.isTuned ? [verdict(`${what}, lost with room for all`, '≤', '0', lost)] : []),
      verdict(`${what}, lost and not counted`, '≤', '0', uncounted),
    ];
  });
}
