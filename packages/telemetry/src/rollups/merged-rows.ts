import { quoteIdentifier } from '../postgres/identifier.ts';
import type { Measure } from './measure.ts';
import { rankOf, registerOf } from './sketch/hyperloglog.ts';

/** Rows as a rollup's tables have them, of which those with equal keys become one. */
export interface MergedRows {
  /** A select with the columns of `keys` and `measures`. */
  readonly rows: string;
  /** Quoted. */
  readonly keys: readonly string[];
  readonly measures: Readonly<Record<string, Measure>>;
  /** A HyperLogLog as its `entries`, or as what an estimate needs: `[[rank, registers], …]`. */
  readonly distinctAs: 'entries' | 'ranks';
}

/**
 * A select of `<keys>, <measures>`. Sketches are merged by unnesting them, one pass each, and joined
 * by the number of the group: keys may be null, and nulls can be neither hashed nor merge-joined.
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

export function isSketch(measure: Measure): boolean {
  return measure.kind === 'quantile' || measure.kind === 'distinct';
}

/** The columns of a measure, quoted. */
export function columnsOf(name: string, measure: Measure): string[] {
  const columns = measure.kind === 'quantile' ? [name, `${name}_counts`] : [name];
  return columns.map(quoteIdentifier);
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
  return [
    distinctAs === 'ranks'
      ? `s${at}.ranks as ${column}`
      : `coalesce(s${at}.entries, '{}') as ${column}`,
  ];
}

function sketchJoin(
  name: string,
  measure: Measure,
  at: number,
  distinctAs: MergedRows['distinctAs'],
): string {
  const column = `k.${quoteIdentifier(name)}`;
  const merged =
    measure.kind === 'quantile'
      ? mergedBins(column, `k.${quoteIdentifier(`${name}_counts`)}`)
      : mergedEntries(column, distinctAs);
  return `
left join (${merged}
) s${at} on s${at}.gid = b.gid`;
}

function mergedBins(bins: string, counts: string): string {
  return `
  select gid, array_agg(b order by b) as bins, array_agg(c order by b) as counts
  from (
    select k.gid, u.b, sum(u.c)::int8 as c
    from keyed k
    cross join lateral unnest(${bins}, ${counts}) u (b, c)
    group by 1, 2
  ) m
  group by gid`;
}

function mergedEntries(entries: string, distinctAs: MergedRows['distinctAs']): string {
  const merged = `
    select k.gid, max(u.e) as e
    from keyed k
    cross join lateral unnest(${entries}) u (e)
    group by 1, ${registerOf('u.e')}`;
  if (distinctAs === 'entries') {
    return `
  select gid, array_agg(e) as entries
  from (${merged}
  ) m
  group by gid`;
  }
  return `
  select gid, json_agg(json_build_array(rank, registers)) as ranks
  from (
    select gid, ${rankOf('e')} as rank, count(*) as registers
    from (${merged}
    ) m
    group by 1, 2
  ) h
  group by gid`;
}
