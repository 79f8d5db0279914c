import { quoteIdentifier } from '../../postgres/identifier.ts';
import { bucketOf, type Grain } from '../grain.ts';
import { answerColumnsOf, mergedRowsSelect } from '../merged-rows.ts';
import { createParameters, type Parameters } from '../parameters.ts';
import { frozenBeforeSql } from '../refresh/frozen.ts';
import type { Layout } from '../store/layout.ts';
import { isRankedByDatabase, type ParsedQuery } from './parse-query.ts';
import { appendParts, createParts, dirtyParts, storedSpan } from './parts.ts';

/** A query, and where its rollup is. */
export interface PlacedQuery {
  readonly layout: Layout;
  readonly query: ParsedQuery;
}

/** Text and values of one statement. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** Types that JSON carries as they are; others travel as text, as `pg` reads them or exact. */
const JSON_TYPES = ['smallint', 'integer', 'boolean', 'real', 'double precision'];

/**
 * One statement for all queries. Its rows are `query, place, row`: at place 0 of each query the
 * definition and the version of what is stored, then the rows of its answer as JSON arrays, in order.
 */
export function queryStatement(queries: readonly PlacedQuery[]): Statement {
  const parameters = createParameters();
  const tables: string[] = [];
  const selects: string[] = [];
  for (const [at, { layout, query }] of queries.entries()) {
    const name = `q${at}`;
    const parts = createParts(layout, query, parameters);
    const state = `${name}_state`;
    tables.push(stateTable(layout, state, parameters));
    selects.push(
      `select ${at} as query, 0::int8 as place, json_build_array(definition, version)::text as row from ${state}`,
    );
    let rows: string[];
    if (query.rollup.mode === 'append') {
      rows = appendParts(layout, query, parts, state);
    } else {
      const dirty = (grain: Grain): string => `${name}_${grain}`;
      tables.push(...dirtyTables(layout, query, state, dirty, parameters));
      rows = dirtyParts(layout, query, parts, state, dirty);
    }
    if (rows.length > 0) selects.push(answerSelect(layout, query, at, rows.join('\nunion all\n')));
  }
  const text = `with ${tables.join(',\n')}\n${selects.join('\nunion all\n')}`;
  return { text, values: parameters.values };
}

function stateTable({ rollup, state }: Layout, name: string, parameters: Parameters): string {
  return `${name} as materialized (
  select definition, version, watermark, window_end, built_to
  from ${state}
  where rollup = ${parameters.add(rollup.name)}
)`;
}

/**
 * For each grain the buckets that stored rows must not be read of: of the finest those with a mark,
 * of coarser ones those with such a bucket in them, or with the end of what is built.
 */
function dirtyTables(
  { rollup, marks }: Layout,
  query: ParsedQuery,
  state: string,
  dirty: (grain: Grain) => string,
  parameters: Parameters,
): string[] {
  const [finest = 'hour', ...coarser] = rollup.grains;
  const span = storedSpan(query) ?? { from: 0, to: 0 };
  const [from, to] = [span.from, span.to].map((ms) =>
    parameters.add(new Date(ms).toISOString(), 'timestamptz'),
  );
  const thawed =
    rollup.rawRetentionMs === null
      ? ''
      : `\n    and m.bucket >= ${frozenBeforeSql(parameters.add(rollup.rawRetentionMs))}`;
  const marked = `${dirty(finest)} as materialized (
  select distinct m.bucket
  from ${marks} m
  where m.rollup = ${parameters.add(rollup.name)}
    and m.bucket >= ${from}
    and m.bucket < ${to}
    and m.bucket < (select built_to from ${state})${thawed}
)`;
  const others = coarser.map(
    (grain) => `${dirty(grain)} as materialized (
  select ${bucketOf(grain, 'bucket')} as bucket
  from ${dirty(finest)}
  union
  select ${bucketOf(grain, 'built_to')}
  from ${state}
  where isfinite(built_to)
)`,
  );
  return [marked, ...others];
}

function answerSelect(layout: Layout, query: ParsedQuery, at: number, rows: string): string {
  const { groupBy, measures, top } = query;
  const dimensions = groupBy.map(quoteIdentifier);
  const merged = mergedRowsSelect({
    rows,
    keys: ['bucket', ...dimensions],
    measures,
    distinctAs: 'registers',
  });
  const values = [
    `(extract(epoch from m.bucket) * 1000)::int8`,
    ...groupBy.map((name) => {
      const column = `m.${quoteIdentifier(name)}`;
      return JSON_TYPES.includes(layout.typeOf(name)) ? column : `${column}::text`;
    }),
    ...Object.entries(measures).flatMap(([name, measure]) =>
      answerColumnsOf(name, measure).map((column) => `m.${column}`),
    ),
  ];
  const keys = ['bucket', ...dimensions].map((key) => `m.${key}`).join(', ');
  const isRanked = top !== undefined && isRankedByDatabase(query);
  const order = isRanked ? `m.${quoteIdentifier(top.by)} desc nulls last, ${keys}` : keys;
  return `select *
from (
  select ${at} as query, row_number() over (order by ${order}) as place,
    json_build_array(${values.join(', ')})::text as row
  from (${merged}) m
) a${isRanked ? `\nwhere place <= ${top.limit}` : ''}`;
}
