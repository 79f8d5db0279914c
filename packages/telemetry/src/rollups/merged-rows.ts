import { quoteIdentifier } from '../postgres/identifier.ts';
import type { DistinctMeasure, Measure, QuantileMeasure } from './measure.ts';
import { registersByLeastRank, type StoredSketch, unitedSketches } from './sketch/bit-planes.ts';

/** Rows as a rollup's tables have them, of which those with equal keys become one. */
export interface MergedRows {
  /** A select with the columns of `keys` and `measures`. */
  readonly rows: string;
  /** Quoted. */
  readonly keys: readonly string[];
  readonly measures: Readonly<Record<string, Measure>>;
  /** A HyperLogLog as it is stored, or in one column as what an estimate needs: `[[rank, registers], …]`. */
  readonly distinctAs: 'stored' | 'registers';
}

/**
 * A select of `<keys>, <measures>`. Sketches are merged by unnesting them, one pass each, and joined
 * by the number of the group: keys may be null, and nulls can be neither hashed nor merge-joined.
 * `unnest` stands in the select list, whose rows stream: a lateral one in `from` stores each array's
 * elements first, which takes a sixth longer.
 */
export function mergedRowsSelect({ rows, keys, measures, distinctAs }: MergedRows): string {
  const list = Object.entries(measures);
  const plain = list.filter(([, measure]) => !isSketch(measure));
  const sketches = list.filter(([, measure]) => isSketch(measure));
  const exact = plain.map(
    ([name, measure]) => `${merge(name, measure)} as ${quoteIdentifier(name)}`,
  );
  if (sketches.length === 0) {
    return `
select ${[...keys, ...exact].join(', ')}
from (${rows}) p
${keys.length > 0 ? `group by ${keys.join(', ')}` : ''}`;
  }
  const groupKeys = ['gid', ...keys].join(', ');
  return `
with keyed as materialized (
  select dense_rank() over (order by ${keys.length > 0 ? keys.join(', ') : '()'}) as gid, p.*
  from (${rows}) p
)
select ${[
    ...keys.map((key) => `b.${key}`),
    ...list.flatMap(([name, measure]) => outputs(name, measure, sketches, distinctAs)),
  ].join(', ')}
from (
  select ${[groupKeys, ...exact].join(', ')}
  from keyed
  group by ${groupKeys}
) b${sketches.map(([name, measure], at) => sketchJoin(name, measure, at, distinctAs)).join('')}`;
}

export function isSketch(measure: Measure): measure is QuantileMeasure | DistinctMeasure {
  return measure.kind === 'quantile' || measure.kind === 'distinct';
}

/** The columns of a measure, quoted. */
export function columnsOf(name: string, measure: Measure): string[] {
  const second = { quantile: 'counts', distinct: 'planes' } as const;
  const columns = isSketch(measure) ? [name, `${name}_${second[measure.kind]}`] : [name];
  return columns.map(quoteIdentifier);
}

/** The columns of a measure in an answer, quoted. */
export function answerColumnsOf(name: string, measure: Measure): string[] {
  return measure.kind === 'distinct' ? [quoteIdentifier(name)] : columnsOf(name, measure);
}

function merge(name: string, { kind }: Measure): string {
  return `${kind === 'min' || kind === 'max' ? kind : 'sum'}(${quoteIdentifier(name)})`;
}

function outputs(
  name: string,
  measure: Measure,
  sketches: readonly (readonly [string, Measure])[],
  distinctAs: MergedRows['distinctAs'],
): string[] {
  const column = quoteIdentifier(name);
  const at = sketches.findIndex(([other]) => other === name);
  if (at === -1) return [`b.${column}`];
  if (measure.kind === 'quantile') {
    return [
      `coalesce(s${at}.bins, '{}') as ${column}`,
      `coalesce(s${at}.counts, '{}') as ${quoteIdentifier(`${name}_counts`)}`,
    ];
  }
  if (distinctAs === 'registers') return [`s${at}.registers as ${column}`];
  return [
    `coalesce(s${at}.entries, '{}') as ${column}`,
    `coalesce(s${at}.planes, '{}')::bit varying[] as ${quoteIdentifier(`${name}_planes`)}`,
  ];
}

function sketchJoin(
  name: string,
  measure: Measure,
  at: number,
  distinctAs: MergedRows['distinctAs'],
): string {
  const [first = '', second = ''] = columnsOf(name, measure).map((column) => `k.${column}`);
  const merged =
    measure.kind === 'distinct'
      ? mergedDistinct({ entries: first, planes: second }, measure.precision, distinctAs)
      : mergedBins(first, second);
  return `
left join (${merged}
) s${at} on s${at}.gid = b.gid`;
}

function mergedBins(bins: string, counts: string): string {
  return `
  select gid, array_agg(b order by b) as bins, array_agg(c order by b) as counts
  from (
    select gid, b, sum(c)::int8 as c
    from (select k.gid, unnest(${bins}) as b, unnest(${counts}) as c from keyed k) u
    group by 1, 2
  ) m
  group by gid`;
}

function mergedDistinct(
  sketch: StoredSketch,
  precision: number,
  distinctAs: MergedRows['distinctAs'],
): string {
  if (distinctAs === 'stored') return unitedSketches('keyed', sketch, precision);
  return `
  select gid, json_agg(json_build_array(rank, registers)) as registers
  from (
    select gid, rank, sum(registers) as registers
    from (${registersByLeastRank('keyed', sketch)}
    ) r
    group by 1, 2
  ) h
  group by gid`;
}
