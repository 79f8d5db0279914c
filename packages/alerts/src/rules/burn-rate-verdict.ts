import { isWorse } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import type { Verdict } from '../rule.ts';
import { type BurnPair, budgetOf, formatShare } from './burn-rate-options.ts';
import { leavesAtMs, type Ring, type Tally, tallyAt } from './burn-rate-rings.ts';

export interface BurnSettings {
  readonly objective: number;
  readonly minEvents: number;
  readonly pairs: readonly BurnPair[];
}

interface Finding {
  readonly pair: BurnPair;
  readonly status: Verdict['status'];
  readonly long: Tally;
  readonly short: Tally;
  /** Of the long window, in times the rate at which the budget would just last. */
  readonly burn: number;
  /** How near it is to its factor, 1 being there: by the window that burns less. */
  readonly nearness: number;
}

/** The worst finding decides, and gives the sentence. */
export function judgeBurn(rings: readonly Ring[], nowMs: number, settings: BurnSettings): Verdict {
  const [first, ...others] = settings.pairs.map((pair) => find(pair, rings, nowMs, settings));
  if (first === undefined)
    throw new TypeError('A burn rate rule needs at least one pair of windows');
  const worst = others.reduce((one, other) => (isGraver(other, one) ? other : one), first);
  const { status, pair, long } = worst;
  const nextMs = rings
    .map((ring) => leavesAtMs(ring, nowMs))
    .reduce((one, other) => (one === undefined || (other ?? one) < one ? other : one), undefined);
  if (status === 'no-data') {
    const why = tooFew(long, pair, settings);
    return { status, value: null, limit: pair.factor, why, nextMs };
  }
  const value = round(worst.burn);
  const facts = { value, limit: pair.factor, why: describe(worst, settings), nextMs };
  return status === 'breach' ? { status, severity: pair.severity, ...facts } : { status, ...facts };
}

function find(
  pair: BurnPair,
  rings: readonly Ring[],
  nowMs: number,
  { objective, minEvents }: BurnSettings,
): Finding {
  const long = tallyOf(rings, pair.longMs, nowMs);
  const short = tallyOf(rings, pair.shortMs, nowMs);
  const budget = budgetOf(objective);
  const burn = burnOf(long, budget);
  const least = short.calls === 0 ? burn : Math.min(burn, burnOf(short, budget));
  const facts = { pair, long, short, burn, nearness: least / pair.factor };
  if (long.calls < minEvents) return { ...facts, status: 'no-data' };
  if (least <= pair.factor) return { ...facts, status: 'clear' };
  return { ...facts, status: short.calls === 0 ? 'holding' : 'breach' };
}

const GRAVITY: readonly Verdict['status'][] = ['no-data', 'clear', 'holding', 'breach'];

/** A breach before everything else, the worst severity first; among equals the nearest to its factor. */
function isGraver(one: Finding, other: Finding): boolean {
  const byStatus = GRAVITY.indexOf(one.status) - GRAVITY.indexOf(other.status);
  if (byStatus !== 0) return byStatus > 0;
  if (one.status === 'breach' && one.pair.severity !== other.pair.severity) {
    return isWorse(one.pair.severity, other.pair.severity);
  }
  return one.nearness > other.nearness;
}

function tallyOf(rings: readonly Ring[], lengthMs: number, nowMs: number): Tally {
  const ring = rings.find((one) => one.lengthMs === lengthMs);
  return ring === undefined ? { calls: 0, failures: 0 } : tallyAt(ring, nowMs);
}

function burnOf({ calls, failures }: Tally, budget: number): number {
  return calls === 0 ? 0 : failures / calls / budget;
}

function describe({ pair, long, short, burn, status }: Finding, settings: BurnSettings): string {
  const times = formatTimes(burn);
  const pace = status === 'clear' ? `${times} times as fast as it may` : `${times} times too fast`;
  const inShort =
    short.calls === 0
      ? `none came in the last ${formatDuration(pair.shortMs)}`
      : `${share(short)} in the last ${formatDuration(pair.shortMs)}`;
  return (
    `error budget burns ${pace}: ${share(long)} calls failed in the last` +
    ` ${formatDuration(pair.longMs)} and ${inShort}; ${limits(pair, settings)}`
  );
}

function tooFew(long: Tally, pair: BurnPair, settings: BurnSettings): string {
  const calls = `${formatCount(long.calls)} ${long.calls === 1 ? 'call' : 'calls'}`;
  const least = `fewer than the ${formatCount(settings.minEvents)} it takes to tell`;
  return `${calls} in the last ${formatDuration(pair.longMs)}, ${least}; ${limits(pair, settings)}`;
}

function limits({ factor }: BurnPair, { objective }: BurnSettings): string {
  return `limit ${factor}, objective ${Number((objective * 100).toPrecision(8))} %`;
}

function share({ calls, failures }: Tally): string {
  return `${formatShare(failures / calls)} of ${formatCount(calls)}`;
}

const COUNT = new Intl.NumberFormat('en-US');

function formatCount(count: number): string {
  return COUNT.format(count);
}

/** `22`, `1.4`, `0.05`. */
function formatTimes(burn: number): string {
  return String(burn >= 10 ? Math.round(burn) : round(burn));
}

function round(value: number): number {
  return Number(value.toPrecision(value < 10 ? 2 : 4));
}
