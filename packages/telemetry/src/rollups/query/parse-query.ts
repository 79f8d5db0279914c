import { InvalidOptionsError } from '@ops/timeout';
import { parseOptions, positiveInteger, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import { RollupQueryError } from '../errors.ts';
import { ceilTo, floorTo, GRAINS, type Grain, isFiner } from '../grain.ts';
import type { Measure, Percentile } from '../measure.ts';
import { isSketch } from '../merged-rows.ts';
import type { MetricsQuery } from '../metrics.ts';
import { percentile, whereSchema } from '../parse-definition.ts';
import type { Rollup, Where } from '../rollup.ts';
import { planRange, type RangePlan } from './plan-range.ts';

/** A query with its defaults, that its rollup can answer. */
export interface ParsedQuery {
  readonly rollup: Rollup;
  /** Of the range, in milliseconds since 1970, after `edges`. */
  readonly from: number;
  readonly grain: Grain | undefined;
  readonly range: RangePlan;
  readonly where: Where;
  readonly groupBy: readonly string[];
  readonly measures: Readonly<Record<string, Measure>>;
  readonly percentiles: readonly Percentile[] | undefined;
  readonly top: { readonly by: string; readonly limit: number } | undefined;
  /** Which rows of the tables: 0 for those with all dimensions, or 1 + the index in `totals`. */
  readonly total: number;
}

const date = z.date('expected a Date');
const schema = z.strictObject({
  from: date,
  to: date,
  grain: z.enum(GRAINS).optional(),
  where: whereSchema.optional(),
  groupBy: z.array(z.string()).optional(),
  measures: z.array(z.string()).min(1).optional(),
  percentiles: z.array(percentile).min(1).optional(),
  edges: z.enum(['exact', 'outward', 'inward']).default('exact'),
  top: z.strictObject({ by: z.string(), limit: positiveInteger }).optional(),
} satisfies Shape<MetricsQuery>);

/** @throws InvalidOptionsError, RollupQueryError */
export function parseQuery(rollup: Rollup, query: unknown, now: number): ParsedQuery {
  const parsed = parseOptions(schema, query, { of: `query(${rollup.name})` });
  if (parsed.from > parsed.to) {
    throw new InvalidOptionsError(
      `query(${rollup.name}): from: expected a time not after to, got ${parsed.from.toISOString()} after ${parsed.to.toISOString()}`,
    );
  }
  const { grain, where = {}, percentiles, top } = parsed;
  const [finest = 'hour'] = rollup.grains;
  if (grain !== undefined && isFiner(grain, finest)) {
    throw new RollupQueryError(
      rollup.name,
      'grain',
      `it keeps ${finest}s and coarser, asked for ${grain}s`,
    );
  }
  const filtered = Object.keys(where).filter((name) => where[name] !== undefined);
  const groupBy = [...new Set(parsed.groupBy ?? filtered)];
  checkDimensions(rollup, [...groupBy, ...filtered]);
  const span = align(parsed, grain ?? finest);
  const range = planRange(span, grain, rollup.grains);
  checkEdges(rollup, range, now);
  const measures = chooseMeasures(rollup, parsed.measures, top?.by);
  const total = chooseTotal(rollup, [...groupBy, ...filtered]);
  const from = span.from;
  return { rollup, from, grain, range, where, groupBy, measures, percentiles, top, total };
}

function align(
  { from, to, edges }: { readonly from: Date; readonly to: Date; readonly edges: string },
  grain: Grain,
): { readonly from: number; readonly to: number } {
  const [start, end] = [from.getTime(), to.getTime()];
  if (edges === 'outward') return { from: floorTo(grain, start), to: ceilTo(grain, end) };
  if (edges === 'inward') return { from: ceilTo(grain, start), to: floorTo(grain, end) };
  return { from: start, to: end };
}

function checkDimensions(rollup: Rollup, names: readonly string[]): void {
  const missing = names.find((name) => !rollup.dimensions.includes(name));
  if (missing === undefined) return;
  throw new RollupQueryError(
    rollup.name,
    'dimension',
    `${missing} is not one of its dimensions ${rollup.dimensions.join(', ')}`,
  );
}

function checkEdges(rollup: Rollup, { raw }: RangePlan, now: number): void {
  if (rollup.rawRetentionMs === null) return;
  const keptFrom = now - rollup.rawRetentionMs;
  const gone = raw.find(({ from }) => from < keptFrom);
  if (gone === undefined) return;
  throw new RollupQueryError(
    rollup.name,
    'raw-gone',
    `from ${new Date(gone.from).toISOString()} to ${new Date(gone.to).toISOString()} is part of a bucket, and raw rows are kept from ${new Date(keptFrom).toISOString()}; begin and end with a bucket, or set edges to 'outward' or 'inward'`,
  );
}

function chooseMeasures(
  rollup: Rollup,
  names: readonly string[] | undefined,
  by: string | undefined,
): Readonly<Record<string, Measure>> {
  const chosen = names ?? Object.keys(rollup.measures);
  const measures = chosen.map((name) => {
    const measure = Object.hasOwn(rollup.measures, name) ? rollup.measures[name] : undefined;
    if (measure !== undefined) return [name, measure] as const;
    const known = Object.keys(rollup.measures).join(', ');
    throw new RollupQueryError(
      rollup.name,
      'measure',
      `${name} is not one of its measures ${known}`,
    );
  });
  const ranking = measures.find(([name]) => name === by)?.[1];
  if (by !== undefined && (ranking === undefined || ranking.kind === 'quantile')) {
    throw new RollupQueryError(
      rollup.name,
      'measure',
      `top.by: ${by} is not one of the measures asked for, or a quantile, which has no one value`,
    );
  }
  return Object.fromEntries(measures);
}

/** The rows with the fewest dimensions that still have those that are needed: there are fewest. */
function chooseTotal({ totals, dimensions }: Rollup, needed: readonly string[]): number {
  let best = { total: 0, size: dimensions.length };
  for (const [at, subset] of totals.entries()) {
    const isFit = needed.every((name) => subset.includes(name));
    if (isFit && subset.length < best.size) best = { total: at + 1, size: subset.length };
  }
  return best.total;
}

/** Whether the database can rank: sketches are read only here. */
export function isRankedByDatabase({ measures, top }: ParsedQuery): boolean {
  return top !== undefined && !Object.values(measures).some(isSketch);
}
