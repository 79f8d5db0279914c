import { quoteIdentifier } from '../../postgres/identifier.ts';
import { conditionsOf } from '../condition.ts';
import { bucketOf, endOf, type Grain } from '../grain.ts';
import { columnsOf } from '../merged-rows.ts';
import type { Parameters } from '../parameters.ts';
import { rawRowsSelect } from '../raw-rows.ts';
import type { Layout } from '../store/layout.ts';
import type { ParsedQuery } from './parse-query.ts';
import type { Span } from './plan-range.ts';

/** Writes the selects whose rows together are an answer before it is merged. */
export interface Parts {
  /** Rows of a grain's table. `from` has the alias t. */
  stored(from: string, conditions: readonly string[]): string;
  /** Raw rows, aggregated. `from` has the alias r. */
  raw(from: string, conditions: readonly string[]): string;
  /** Condition on a time or a bucket. */
  within(column: string, span: Span): string;
  readonly time: string;
}

export function createParts(layout: Layout, query: ParsedQuery, parameters: Parameters): Parts {
  const { rollup, typeOf } = layout;
  const { grain, groupBy, measures, where, total } = query;
  const dimensions = groupBy.map(quoteIdentifier);
  const columns = Object.entries(measures).flatMap(([name, measure]) => columnsOf(name, measure));
  // A parameter that nothing uses has no type, which the server refuses.
  const wholeRange = grain === undefined ? moment(query.from, parameters) : '';
  const output = (alias: string): string =>
    [...dimensions, ...columns].map((name) => `, ${alias}.${name}`).join('');
  const time = `r.${quoteIdentifier(rollup.time)}`;
  const ofDefinition = conditionsOf(rollup.where, 'r', typeOf, parameters);
  const ofQuery = (alias: string): string[] => conditionsOf(where, alias, typeOf, parameters);
  return {
    time,
    stored(from, conditions) {
      const bucket = grain === undefined ? wholeRange : bucketOf(grain, 't.bucket');
      const all = [`t.total = ${total}`, ...conditions, ...ofQuery('t')];
      return `select ${bucket} as bucket${output('t')}
from ${from}
where ${all.join('\n  and ')}`;
    },
    raw(from, conditions) {
      const rows = rawRowsSelect(layout, {
        from,
        conditions: [...conditions, ...ofDefinition, ...ofQuery('r')],
        bucket: grain === undefined ? { sql: wholeRange } : { grain },
        dimensions: groupBy,
        groupings: [{ total: 0, dimensions: groupBy }],
        measures,
        distinctAs: 'entries',
      });
      return `select a.bucket${output('a')} from (${rows}) a`;
    },
    within: (column, { from, to }) =>
      `${column} >= ${moment(from, parameters)} and ${column} < ${moment(to, parameters)}`,
  };
}

function moment(ms: number, parameters: Parameters): string {
  return parameters.add(new Date(ms).toISOString(), 'timestamptz');
}

/** The stretch of time that stored buckets cover; null when there is none. */
export function storedSpan({ range }: ParsedQuery): Span | null {
  const [first] = range.segments;
  const last = range.segments.at(-1);
  // They follow one another without a gap.
  return first && last ? { from: first.from, to: last.to } : null;
}

/** With `append`: stored buckets as they are, and the rows that are not in. */
export function appendParts(
  layout: Layout,
  query: ParsedQuery,
  parts: Parts,
  stateName: string,
): string[] {
  const xid = `r.${quoteIdentifier(layout.rollup.xid)}`;
  const state = (column: string): string => `(select ${column} from ${stateName})`;
  const source = `${layout.source} r`;
  const span = storedSpan(query);
  const tail = (): string[] => {
    if (span === null) return [];
    const inSpan = parts.within(parts.time, span);
    const isInWindow = `${xid} >= ${state('watermark')} and ${xid} < ${state('window_end')}`;
    return [
      parts.raw(source, [`${xid} >= ${state('window_end')}`, inSpan]),
      parts.raw(source, [isInWindow, `${parts.time} >= ${state('built_to')}`, inSpan]),
    ];
  };
  return [
    ...query.range.segments.map((segment) =>
      parts.stored(`${layout.table(segment.grain)} t`, [parts.within('t.bucket', segment)]),
    ),
    ...tail(),
    ...query.range.raw.map((edge) => parts.raw(source, [parts.within(parts.time, edge)])),
  ];
}

/**
 * With `dirty-buckets`: stored buckets without a mark; of a coarse bucket in which something has one,
 * the finer buckets; and raw rows of the finest buckets with a mark, and of those not built yet.
 *
 * @param dirty name of the table of stale buckets of a grain.
 */
export function dirtyParts(
  layout: Layout,
  query: ParsedQuery,
  parts: Parts,
  stateName: string,
  dirty: (grain: Grain) => string,
): string[] {
  const { grains } = layout.rollup;
  const [finest = 'hour'] = grains;
  const source = `${layout.source} r`;
  const span = storedSpan(query);
  const isClean = (grain: Grain): string => `t.bucket not in (select bucket from ${dirty(grain)})`;
  const stored = query.range.segments.flatMap((segment) => {
    const inSegment = parts.within('t.bucket', segment);
    const chain = grains.slice(0, grains.indexOf(segment.grain) + 1).toReversed();
    return chain.map((grain, at) => {
      const coarser = chain[at - 1];
      const table = `${layout.table(grain)} t`;
      if (coarser === undefined) return parts.stored(table, [inSegment, isClean(grain)]);
      const from = `${dirty(coarser)} d
join ${table} on t.bucket >= d.bucket and t.bucket < ${endOf(coarser, 'd.bucket')}`;
      return parts.stored(from, [inSegment, isClean(grain)]);
    });
  });
  const stale = (): string[] => {
    if (span === null) return [];
    const inSpan = parts.within(parts.time, span);
    const marked = `${dirty(finest)} d
    join ${source} on ${parts.time} >= d.bucket and ${parts.time} < ${endOf(finest, 'd.bucket')}`;
    const builtTo = `(select built_to from ${stateName})`;
    return [
      parts.raw(marked, [`${parts.time} < ${builtTo}`, inSpan]),
      parts.raw(source, [`${parts.time} >= ${builtTo}`, inSpan]),
    ];
  };
  return [
    ...stored,
    ...stale(),
    ...query.range.raw.map((edge) => parts.raw(source, [parts.within(parts.time, edge)])),
  ];
}
