import { RollupChangedError, RollupMissingError } from '../errors.ts';
import type { Measure, Percentile } from '../measure.ts';
import { percentileOf } from '../sketch/ddsketch.ts';
import { estimateDistinct } from '../sketch/hyperloglog.ts';
import { isRankedByDatabase, type ParsedQuery } from './parse-query.ts';

/** A row as the statement has it. */
export interface AnswerRow {
  readonly query: number;
  /** A `bigint`, which drivers read as text. */
  readonly place: string | number;
  readonly row: string;
}

/** A row as it is given out. */
export type ReadRow = Readonly<Record<string, unknown>>;

/**
 * Turns the rows of the statement into answers, in the order of the queries.
 *
 * @throws RollupMissingError, RollupChangedError
 */
export function readAnswers(
  queries: readonly ParsedQuery[],
  rows: readonly AnswerRow[],
  schema: string,
): ReadRow[][] {
  const byQuery = queries.map((): AnswerRow[] => []);
  for (const row of rows) byQuery[row.query]?.push(row);
  return queries.map((query, at) => {
    const [state, ...answer] = (byQuery[at] ?? []).toSorted(
      (a, b) => Number(a.place) - Number(b.place),
    );
    if (state === undefined || Number(state.place) !== 0) {
      throw new RollupMissingError(query.rollup.name, schema);
    }
    const [stored] = JSON.parse(state.row) as readonly [string];
    if (stored !== query.rollup.hash) {
      throw new RollupChangedError(query.rollup.name, stored, query.rollup.hash);
    }
    return ranked(
      query,
      answer.map(({ row }) => readRow(query, row)),
    );
  });
}

function ranked(query: ParsedQuery, rows: ReadRow[]): ReadRow[] {
  const { top } = query;
  if (top === undefined || isRankedByDatabase(query)) return rows;
  const rank = (row: ReadRow): number => (row[top.by] as number | null) ?? -Infinity;
  return rows.toSorted((a, b) => rank(b) - rank(a)).slice(0, top.limit);
}

function readRow({ groupBy, measures, percentiles }: ParsedQuery, json: string): ReadRow {
  const values = (JSON.parse(json) as unknown[]).values();
  const next = (): unknown => values.next().value;
  const row: Record<string, unknown> = { bucket: new Date(next() as number) };
  for (const dimension of groupBy) row[dimension] = next();
  for (const [name, measure] of Object.entries(measures)) {
    row[name] = readMeasure(measure, percentiles, next);
  }
  return row;
}

function readMeasure(
  measure: Measure,
  percentiles: readonly Percentile[] | undefined,
  next: () => unknown,
): unknown {
  if (measure.kind === 'quantile') {
    const sketch = { bins: next() as number[], counts: next() as number[] };
    return Object.fromEntries(
      (percentiles ?? measure.at).map((name) => [
        name,
        percentileOf(sketch, Number(name.slice(1)), measure.accuracy),
      ]),
    );
  }
  const value = next();
  if (measure.kind === 'distinct') {
    return estimateDistinct(new Map((value ?? []) as [number, number][]), measure.precision);
  }
  // JSON has no NaN and no infinities: they come as texts.
  return value === null ? null : Number(value);
}
