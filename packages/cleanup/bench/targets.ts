import { WAL_BUDGET } from './contestants.ts';
import type { Measured } from './measure.ts';
import { longestTouch, median, p95, type Rounds, ratioOf } from './statistics.ts';

/** A figure that was aimed at: `measured` is to stay at `limit` or below. */
interface Target {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  readonly measured: (rounds: Rounds) => number;
}

type Figure = (one: Measured) => number;
type Measurement = Target['measured'];

const ms: Figure = (one) => one.ms;
const cpu: Figure = (one) => one.cpuMs;
const wal: Figure = (one) => one.walMb;

function ratio(own: string, beside: string, of: Figure): Measurement {
  return (rounds) => ratioOf(rounds.get(own) ?? [], rounds.get(beside) ?? [], of);
}

function worst(names: readonly string[], of: Figure): Measurement {
  return (rounds) => {
    const all = names.flatMap((name) => rounds.get(name) ?? []).map(of);
    return all.length === 0 ? Number.NaN : Math.max(...all);
  };
}

function middle(name: string, of: Figure): Measurement {
  return (rounds) => median((rounds.get(name) ?? []).map(of));
}

/** By the clock and by the processor: where others use the machine, the second is the steadier one. */
function timeTargets(what: string, limit: number, own: string, beside: string): Target[] {
  const unit = beside.startsWith('cleanup') ? '× the plain cleanup' : '× one DELETE';
  return [
    { what: `${what}, time`, limit, unit, measured: ratio(own, beside, ms) },
    { what: `${what}, CPU`, limit, unit, measured: ratio(own, beside, cpu) },
  ];
}

function walTarget(what: string, own: string, beside: string): Target {
  return {
    what: `${what}, WAL`,
    limit: 1.15,
    unit: '× one DELETE',
    measured: ratio(own, beside, wal),
  };
}

const UNPACED = ['cleanup, clustered', 'cleanup, scattered', 'cleanup, held snapshot'];
const PACED = 'cleanup, default pace';
const serverWalRate: Figure = (one) => (one.serverWalMb * 1_000) / one.ms;

const DELETING: readonly Target[] = [
  ...timeTargets('clustered', 1.35, 'cleanup, clustered', 'one DELETE, clustered'),
  walTarget('clustered', 'cleanup, clustered', 'one DELETE, clustered'),
  ...timeTargets('scattered', 1.35, 'cleanup, scattered', 'one DELETE, scattered'),
  walTarget('scattered', 'cleanup, scattered', 'one DELETE, scattered'),
  ...timeTargets('held snapshot', 1.5, 'cleanup, held snapshot', 'one DELETE, held snapshot'),
  {
    what: 'longest wait of a touched expired row, unpaced',
    limit: 100,
    unit: 'ms',
    measured: worst(UNPACED, longestTouch),
  },
  {
    what: 'longest wait of a touched expired row, default pace',
    limit: 100,
    unit: 'ms',
    measured: worst([PACED], longestTouch),
  },
];

const GENTLE: readonly Target[] = [
  {
    what: 'p95 of the load, default pace',
    limit: 1.5,
    unit: '× undisturbed',
    measured: middle(PACED, (one) => p95(['during'])(one) / p95(['before', 'after'])(one)),
  },
  {
    what: 'WAL of the whole server, default pace',
    limit: WAL_BUDGET / 1_000_000,
    unit: 'MB/s',
    measured: middle(PACED, serverWalRate),
  },
  {
    what: 'WAL of the whole server, walRate and no pauses',
    // A burst of a second, and what the last batch wrote, are on top of the rate.
    limit: (WAL_BUDGET / 1_000_000) * 1.1,
    unit: 'MB/s',
    measured: middle('cleanup, walRate alone', serverWalRate),
  },
];

const ARCHIVES: readonly Target[] = [
  ...timeTargets('archive to a table', 1.6, 'archive to a table', 'cleanup, no child table'),
  ...timeTargets(
    'archive to a table, child rows too',
    1.6,
    'archive to a table, child rows too',
    'cleanup, clustered',
  ),
  ...timeTargets('archive to gz', 3.5, 'archive to files (gz)', 'cleanup, no child table'),
  ...timeTargets('archive to zstd', 3.5, 'archive to files (zstd)', 'cleanup, no child table'),
  ...timeTargets(
    'archive to gz, child rows too',
    3.5,
    'archive to files (gz), child rows too',
    'cleanup, clustered',
  ),
  {
    what: 'drop of partitions, time',
    limit: 0.1,
    unit: '× one DELETE of the same rows',
    measured: ratio('drop partitions', 'one DELETE over partitions', ms),
  },
];

const MEMORY: readonly Target[] = [
  {
    what: 'live heap at the end, over that at a tenth of the rows',
    limit: 5,
    unit: 'MB',
    measured: (rounds) => worst([...rounds.keys()], heapGrowthMb)(rounds),
  },
  {
    what: 'highest RSS, over that with a tenth of the rows',
    limit: 1.25,
    unit: '×',
    measured: ratio(
      'cleanup, clustered',
      'cleanup of a tenth of the rows',
      ({ clean }) => clean?.peakRssMb ?? Number.NaN,
    ),
  },
];

/** 0 for those that are no cleanup, or had no batches. */
function heapGrowthMb({ clean }: Measured): number {
  const { memory = [] } = clean ?? {};
  return (memory.at(-1)?.heapMb ?? 0) - (memory[0]?.heapMb ?? 0);
}

/** A line for each figure that was aimed at, or of a part of the contestants for what they say. */
export function verdicts(rounds: Rounds, { isPart }: { readonly isPart: boolean }): string[] {
  return [...DELETING, ...GENTLE, ...ARCHIVES, ...MEMORY].flatMap((target) => {
    const { what, limit, unit } = target;
    const found = target.measured(rounds);
    if (!Number.isFinite(found)) {
      return isPart ? [] : `- ${what}: target ≤ ${limit} ${unit}, not measured.`;
    }
    const word = found <= limit ? 'met' : 'missed';
    return `- ${what}: target ≤ ${limit} ${unit}, measured ${found.toFixed(2)}, ${word}.`;
  });
}
