import { median, type Section, table, verdict } from './markdown.ts';
import { runProgram } from './program.ts';
import type { Crowd, StampedeJob, StampedeResult } from './programs/stampede.ts';

const READERS = 1_000;

/** One widget, and everybody at once. */
export async function benchStampede(isQuick: boolean): Promise<Section> {
  const { rounds, hits } = isQuick ? { rounds: 1, hits: 20_000 } : { rounds: 5, hits: 500_000 };
  const runs: StampedeResult[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const job: StampedeJob = { readers: READERS, hits };
    runs.push(await runProgram<StampedeResult>('stampede', job));
  }
  const crowds = CROWDS.map(([name, of]) => ({ name, all: runs.map(of) }));
  const hitUs = median(runs.map((run) => run.hitUs));
  const lruUs = median(runs.map((run) => run.lruUs));
  return {
    title: 'Dashboard: a stampede',
    lines: [
      `${READERS.toLocaleString('en')} reads of one widget in one turn, whose loader takes 50 ms; expiry by a clock that is set forward. The most loads and medians of ${rounds} rounds.`,
      '',
      ...table(
        ['the answer is', 'loads:', 'ms until the last reader has it:', 'stale:', 'failed:'],
        crowds.map(({ name, all }) => [
          name,
          most(all, ({ loads }) => loads),
          median(all.map(({ ms }) => ms)).toFixed(1),
          median(all.map(({ stale }) => stale)),
          median(all.map(({ failed }) => failed)),
        ]),
      ),
      '',
      `A hit, awaited: ${hitUs.toFixed(2)} µs CPU over ${hits.toLocaleString('en')} reads; lru-cache's \`fetch\` alone ${lruUs.toFixed(2)} µs.`,
      '',
      ...crowds.map(({ name, all }) =>
        verdict(
          `loads, ${name}`,
          '≤',
          '1',
          most(all, ({ loads }) => loads),
        ),
      ),
    ],
    raw: runs,
  };
}

const BACKING_OFF = 'not there, asked again right after the failure';

const CROWDS: readonly (readonly [string, (run: StampedeResult) => Crowd])[] = [
  ['not there', ({ cold }) => cold],
  ['expired, within `staleFor`', ({ stale }) => stale],
  ['expired, beyond `staleFor`', ({ gone }) => gone],
  ['expired beyond `staleFor`, and the loader fails', ({ failing }) => failing],
  [BACKING_OFF, ({ backingOff }) => backingOff],
];

function most(crowds: readonly Crowd[], of: (crowd: Crowd) => number): number {
  return Math.max(...crowds.map(of));
}
