import { startCollector } from './collector.ts';
import { CONTESTANTS, type Contestant, nameOf, TUNED } from './contestants.ts';
import { median, type Section, spread, table, verdict } from './markdown.ts';
import { runProgram } from './program.ts';
import type { Collected } from './programs/collector.ts';
import type { TrackJob, TrackResult } from './programs/track.ts';

interface Run extends TrackResult {
  readonly arrived: Collected;
  readonly lost: number;
}

interface Size {
  readonly events: number;
  readonly rounds: number;
}

const WARM_UP = 10_000;

/** What `track()` and delivery cost, and what an event takes in memory while it waits. */
export async function benchClientCost(isQuick: boolean): Promise<Section> {
  const size = isQuick ? { events: 4_000, rounds: 1 } : { events: 20_000, rounds: 5 };
  const costs = new Map<Contestant, Run[]>();
  for (let round = 0; round < size.rounds; round += 1) {
    for (const contestant of CONTESTANTS) {
      const run = await runOnce(contestant, size, false);
      costs.set(contestant, [...(costs.get(contestant) ?? []), run]);
    }
  }
  const heaps = new Map<Contestant, Run>();
  for (const contestant of CONTESTANTS.filter(({ isTuned }) => isTuned)) {
    heaps.set(contestant, await runOnce(contestant, size, true));
  }
  return {
    title: 'Client: a burst, and what it costs',
    lines: [
      `${size.events.toLocaleString('en')} events of 370 bytes of properties in one go, then shutdown, to a local collector; ${WARM_UP.toLocaleString('en')} events before it warm up. CPU of the client's process, user and system, medians (least–most) of ${size.rounds} interleaved rounds; ${TUNED}. "Told" is what the client says of losses: events, or notices where it gives no number. Who loses events saves the cost of sending them. Making the properties is in all figures: ${propertiesUs(costs)} µs.`,
      '',
      ...costTable(costs, heaps),
      '',
      ...verdicts(costs, heaps),
    ],
    raw: { costs: entries(costs), heaps: entries(heaps) },
  };
}

async function runOnce(contestant: Contestant, { events }: Size, isHeap: boolean): Promise<Run> {
  using collector = await startCollector();
  const { origin } = collector;
  const job: TrackJob = { contestant, origin, events, warmUp: WARM_UP, isHeap };
  const result = await runProgram<TrackResult>('track', job, isHeap ? ['--expose-gc'] : []);
  const arrived = await collector.report();
  const lost = events + WARM_UP - arrived.events;
  if (contestant.library === 'ours') {
    if (result.told.events !== lost) throw new Error(`told of ${result.told.events}, lost ${lost}`);
    if (contestant.isTuned && lost > 0) throw new Error(`lost ${lost} events with room for them`);
  }
  // What was lost does not wait, so its size would say nothing.
  if (isHeap && lost > 0) throw new Error(`${nameOf(contestant)} lost ${lost} events`);
  return { ...result, arrived, lost };
}

function propertiesUs(costs: ReadonlyMap<Contestant, readonly Run[]>): string {
  return median([...costs.values()].flat().map((run) => run.propertiesUs)).toFixed(2);
}

function costTable(
  costs: ReadonlyMap<Contestant, readonly Run[]>,
  heaps: ReadonlyMap<Contestant, Run>,
): string[] {
  const rows = [...costs].map(([contestant, runs]) => [
    nameOf(contestant),
    spread(
      runs.map(({ trackUs }) => trackUs),
      2,
    ),
    spread(
      runs.map(({ totalUs }) => totalUs),
      1,
    ),
    heaps.get(contestant)?.heapBytes.toFixed(0) ?? '',
    Math.max(...runs.map(({ lost }) => lost)),
    toldOf(runs.at(-1)),
    median(runs.map(({ arrived }) => arrived.bytes / arrived.events)).toFixed(0),
    median(runs.map(({ arrived }) => arrived.requests)),
  ]);
  return table(
    [
      'client',
      '`track()` µs:',
      'in all µs an event:',
      'heap bytes a waiting event:',
      'lost:',
      'told:',
      'bytes sent an event:',
      'requests:',
    ],
    rows,
  );
}

function toldOf(run: Run | undefined): string {
  const { events, notices } = run?.told ?? { events: undefined, notices: 0 };
  return events === undefined ? `${notices} notices` : String(events);
}

function verdicts(
  costs: ReadonlyMap<Contestant, readonly Run[]>,
  heaps: ReadonlyMap<Contestant, Run>,
): string[] {
  const ours = CONTESTANTS.filter(({ library }) => library === 'ours');
  const figures = (contestant: Contestant): readonly Run[] => costs.get(contestant) ?? [];
  return [
    ...ours.flatMap((contestant) => {
      const name = nameOf(contestant);
      const track = median(figures(contestant).map(({ trackUs }) => trackUs));
      const total = median(figures(contestant).map(({ totalUs }) => totalUs));
      return [
        verdict(`${name}, CPU of track()`, '≤', '4 µs', track),
        // With its defaults it has no room for the burst, and what is dropped is cheap.
        ...(contestant.isTuned
          ? [verdict(`${name}, CPU in all an event, gzip included`, '≤', '12 µs', total)]
          : []),
      ];
    }),
    ...ours.flatMap((contestant) => {
      const heap = heaps.get(contestant);
      if (heap === undefined) return [];
      return [verdict('heap a waiting event', '≤', '1.5 kB', heap.heapBytes / 1_000)];
    }),
  ];
}

function entries<Value>(map: ReadonlyMap<Contestant, Value>): unknown {
  return Object.fromEntries([...map].map(([contestant, value]) => [nameOf(contestant), value]));
}
