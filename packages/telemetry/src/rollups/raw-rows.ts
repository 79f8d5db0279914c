import { quoteIdentifier } from '../postgres/identifier.ts';
import { bucketOf, type Grain } from './grain.ts';
import type { Measure } from './measure.ts';
import { columnsOf } from './merged-rows.ts';
import { compactEntries, FEW_ENTRIES, planesOf, type StoredSketch } from './sketch/bit-planes.ts';
import { binOf } from './sketch/ddsketch.ts';
import { entryOf, hashOf } from './sketch/hyperloglog.ts';
import type { Layout } from './store/layout.ts';

/**
 * A sketch of so few entries is kept as they come, a bin or a register maybe twice, which means the
 * same to whoever merges it: a rollup by workflow and hour has a sketch for every few rows, and
 * counting within each made the first build three times as long.
 */
export const SMALL_SKETCH = 32;

/** Which raw rows to aggregate, and into what. */
export interface RawRows {
  /** What follows `from`; the source has the alias r. */
  readonly from: string;
  readonly conditions: readonly string[];
  /** The grain of the bucket, or SQL of one bucket for all. */
  readonly bucket: { readonly grain: Grain } | { readonly sql: string };
  readonly dimensions: readonly string[];
  /** Each a set of `dimensions`, with the number that its rows have in `total`. */
  readonly groupings: readonly { readonly total: number; readonly dimensions: readonly string[] }[];
  readonly measures: Readonly<Record<string, Measure>>;
  /** Whether many values become planes, to be kept, or stay entries, to be read at once. */
  readonly distinctAs: 'stored' | 'entries';
}

/**
 * A select of rows as a rollup's tables have them, `total, bucket, <dimensions>, <measures>`, and
 * `raw_rows`. Raw rows are read once, whatever is kept of them: the bins and the entries of a group's
 * sketches are gathered into an array, and counted within it.
 */
export function rawRowsSelect(layout: Layout, rows: RawRows): string {
  const { rollup } = layout;
  const time = `r.${quoteIdentifier(rollup.time)}`;
  const bucket =
    'grain' in rows.bucket ? bucketOf(rows.bucket.grain, time) : `${rows.bucket.sql}::timestamptz`;
  const measures = Object.entries(rows.measures);
  const inner = [
    `${bucket} as bucket`,
    ...rows.dimensions.map((name, at) => `r.${quoteIdentifier(name)} as d${at}`),
    ...measures.map(([, measure], at) => `${inputOf(measure, layout)} as m${at}`),
  ];
  const dimension = (name: string): string => `d${rows.dimensions.indexOf(name)}`;
  const sets = rows.groupings.map(
    ({ dimensions }) => `(${['bucket', ...dimensions.map(dimension)].join(', ')})`,
  );
  return `
select ${[
    'g.total',
    'g.bucket',
    ...rows.dimensions.map((name, at) => `g.d${at} as ${quoteIdentifier(name)}`),
    ...measures.flatMap(([name, measure], at) => outputs(name, measure, at, rows)),
    'g.raw_rows',
  ].join(',\n  ')}
from (
  select ${[
    `${totalOf(rows, dimension)} as total`,
    'bucket',
    ...rows.dimensions.map((_, at) => `d${at}`),
    ...measures.map(([, measure], at) => `${gather(measure, `m${at}`)} as m${at}`),
    'count(*) as raw_rows',
  ].join(',\n    ')}
  from (
    select ${inner.join(',\n      ')}
    from ${rows.from}
    where ${[...rows.conditions, `isfinite(${time})`].join('\n      and ')}
  ) i
  group by grouping sets (${sets.join(', ')})
) g${measures.map(([, measure], at) => compacted(measure, at)).join('')}`;
}

/** Made once for a group, and read more than once: `offset 0` keeps it from being put in each place. */
function compacted(measure: Measure, at: number): string {
  if (measure.kind !== 'distinct') return '';
  const all = `g.m${at}`;
  return `
cross join lateral (
  select coalesce(case
    when cardinality(${all}) <= ${SMALL_SKETCH} then array_remove(${all}, null)
    else ${compactEntries(all)}
  end, '{}') as entries
  offset 0
) c${at}`;
}

function totalOf({ groupings, dimensions }: RawRows, dimension: (name: string) => string): string {
  if (dimensions.length === 0 || groupings.length === 1) return `${groupings[0]?.total}::smallint`;
  const cases = groupings.map((grouping) => {
    // grouping() has a bit for each argument, the last one lowest, set when it is added up over.
    const mask = dimensions.reduce(
      (bits, name) => bits * 2 + (grouping.dimensions.includes(name) ? 0 : 1),
      0,
    );
    return `when ${mask} then ${grouping.total}`;
  });
  return `(case grouping(${dimensions.map(dimension).join(', ')}) ${cases.join(' ')} end)::smallint`;
}

function inputOf(measure: Measure, layout: Layout): string {
  const { column } = measure;
  if (column === null) return 'null::int4';
  const value = `r.${quoteIdentifier(column)}`;
  const type = layout.typeOf(column);
  if (measure.kind === 'quantile') {
    const isNumeric = type === 'numeric';
    return binOf(isNumeric ? value : `${value}::float8`, isNumeric, measure.accuracy);
  }
  if (measure.kind !== 'distinct') return value;
  return `case when ${value} is not null then ${entryOf(hashOf(value, type), measure.precision)} end`;
}

function gather(measure: Measure, input: string): string {
  if (measure.kind === 'count') return measure.column === null ? 'count(*)' : `count(${input})`;
  if (measure.kind === 'quantile' || measure.kind === 'distinct') return `array_agg(${input})`;
  return `${measure.kind}(${input})`;
}

/** The sketches of a group, from the array that was gathered. */
function outputs(name: string, measure: Measure, at: number, rows: RawRows): string[] {
  const [column = '', second = ''] = columnsOf(name, measure);
  if (measure.kind === 'distinct') {
    const { entries, planes } = distinctOf(`c${at}.entries`, measure.precision, rows.distinctAs);
    return [`${entries} as ${column}`, `${planes}::bit varying[] as ${second}`];
  }
  const all = `g.m${at}`;
  if (measure.kind !== 'quantile') return [`${all} as ${column}`];
  const known = `array_remove(${all}, null)`;
  const compact = (few: string, many: string): string =>
    `coalesce(case when cardinality(${all}) <= ${SMALL_SKETCH} then ${few} else (${many}) end, '{}')`;
  const counted = (aggregate: string): string => `select ${aggregate} from (
    select b, count(*) as c from unnest(${all}) b where b is not null group by b
  ) u`;
  const ones = `array_fill(1::int8, array[cardinality(${known})])`;
  return [
    `${compact(known, counted('array_agg(b order by b)'))} as ${column}`,
    `${compact(ones, counted('array_agg(c order by b)'))} as ${second}`,
  ];
}

function distinctOf(
  entries: string,
  precision: number,
  distinctAs: RawRows['distinctAs'],
): StoredSketch {
  if (distinctAs === 'entries') return { entries, planes: `'{}'` };
  const isFew = `cardinality(${entries}) <= ${FEW_ENTRIES}`;
  return {
    entries: `case when ${isFew} then ${entries} else '{}' end`,
    planes: `(case when ${isFew} then '{}' else ${planesOf(entries, precision)} end)`,
  };
}

/** The rows that the tables hold: with all dimensions, and the totals. */
export function totalGroupings(layout: Layout): RawRows['groupings'] {
  const { dimensions, totals } = layout.rollup;
  return [dimensions, ...totals].map((subset, total) => ({ total, dimensions: subset }));
}
