/** A step of a series: so many events, or nothing is known (`_`, `stale`). */
export type Step = number | undefined;

/** Steps that one series may be written out to. */
const MAX_STEPS = 100_000;

const VALUE = '-?\\d+(?:\\.\\d+)?';
const RAMP = new RegExp(`^(${VALUE})(?:([+-])(\\d+(?:\\.\\d+)?))?(?:x(\\d+))?$`);
const GAP = /^_(?:x(\d+))?$/;

/**
 * Reads the notation of promtool's unit tests: `3` is a value, `a+bxn` is a, a + b, … a + n·b (n + 1
 * values), `a-bxn` the same downwards, `axn` n + 1 times a, `_` no value, `_xn` n times none, `stale` none.
 *
 * @throws TypeError naming the part that cannot be read.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
 */
export function readSeries(notation: string): readonly Step[] {
  const steps: Step[] = [];
  for (const part of notation.trim().split(/\s+/)) {
    if (part === '') continue;
    const read = readPart(part);
    if (steps.length + read.length > MAX_STEPS) {
      throw new TypeError(`A series of more than ${MAX_STEPS} steps: ${part}`);
    }
    for (const step of read) steps.push(step);
  }
  return steps;
}

function readPart(part: string): readonly Step[] {
  if (part === 'stale') return [undefined];
  const gap = GAP.exec(part);
  if (gap !== null) return repeated(Number(gap[1] ?? 1), part, () => undefined);
  const [matched, from, sign, by, times] = RAMP.exec(part) ?? [];
  if (matched === undefined || (by !== undefined && times === undefined)) {
    throw new TypeError(`Not a part of a series: ${part.slice(0, 40)} (as in 0+5x10 _ stale 3x4)`);
  }
  const step = Number(by ?? 0) * (sign === '-' ? -1 : 1);
  return repeated(Number(times ?? 0) + 1, part, (at) => Number(from) + at * step);
}

function repeated(count: number, part: string, step: (at: number) => Step): readonly Step[] {
  if (count > MAX_STEPS) throw new TypeError(`A series of more than ${MAX_STEPS} steps: ${part}`);
  return Array.from({ length: count }, (_, at) => step(at));
}
