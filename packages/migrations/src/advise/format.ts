import type { AdviceReport, IndexAdvice, QueryAdvice, QueryFigures } from './report.ts';

/**
 * The report as text: a table of queries, a table of indexes, and a sentence for each query. Times stand
 * only for what was run; a planner's estimate is called one. No colours; ends with a line end.
 */
export function formatAdvice(report: AdviceReport): string {
  const blocks = [
    headOf(report),
    queryTable(report),
    table(['index', 'size', 'built in', 'verdict'], report.indexes.map(indexCells)),
    report.queries.flatMap((query) => sentencesOf(query, report)),
    report.notes.map((note) => `Note: ${note}`),
  ];
  const text = blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => clean(line).trimEnd()).join('\n'));
  return `${text.join('\n\n')}\n`;
}

const HEADS: Readonly<Record<AdviceReport['method'], string>> = {
  hypothetical:
    'Estimated by the planner with hypothetical indexes: costs, not times. Nothing was run or built.',
  build: 'Measured: the absent indexes were built and rolled back. Medians of warm runs (fastest).',
  compare: 'Measured before and after. Medians of warm runs (fastest).',
  none: 'Measured as it is now, with nothing to compare with. Medians of warm runs (fastest).',
};

function headOf({ method, database, serverVersion }: AdviceReport): string[] {
  return [`Database ${database}, PostgreSQL ${serverVersion}`, HEADS[method]];
}

function queryTable({ method, queries }: AdviceReport): string[] {
  const [before, after] =
    method === 'hypothetical' ? ['cost before', 'cost after'] : ['before', 'after'];
  if (method !== 'none') return table(['query', before, after, 'ratio'], queries.map(queryCells));
  return table(
    ['query', 'now'],
    queries.map((query) => [query.name, figures(query.before) || 'not measured']),
  );
}

function queryCells(query: QueryAdvice): string[] {
  const { name, before, after, outcome, ratio } = query;
  const isChanged = outcome === 'faster' || outcome === 'slower';
  const word = outcome === 'unknown' ? 'not measured' : outcome;
  return [name, figures(before), figures(after), isChanged ? times(ratio ?? 1) : word];
}

function indexCells(index: IndexAdvice): string[] {
  const { bytes, isEstimate, buildMs } = index;
  const size = bytes === undefined ? '' : `${isEstimate ? '≈ ' : ''}${size1024(bytes)}`;
  return [index.name, size, buildMs === undefined ? '' : ms(buildMs), verdictOf(index)];
}

function verdictOf(index: IndexAdvice): string {
  const { verdict, usedBy, speedsUp, redundantWith, trouble, scanCount } = index;
  const by = usedBy.length === 0 ? 'none of these queries' : usedBy.join('; ');
  switch (verdict) {
    case 'buys':
      return `${index.isEstimate ? 'may help' : 'buys'}: ${speedsUp.join('; ')}`;
    case 'no-gain':
      return `used by ${by}, without gain`;
    case 'unused':
      return 'unused by these queries';
    case 'redundant':
      return `redundant with ${redundantWith}`;
    case 'present':
      return `already there, used by ${by}; ${count(scanCount ?? 0)} scans so far`;
    case 'not-applicable':
      return 'not applicable: its table or a column is not there';
    case 'not-measured':
      break;
  }
  return `not measured: ${trouble?.message ?? 'it is not there'}`;
}

function sentencesOf(query: QueryAdvice, { method }: AdviceReport): string[] {
  const { name, before, after, outcome, ratio, changes, trouble } = query;
  if (trouble !== undefined) return [`${name}: not measured: ${trouble.message}`];
  if (before === undefined || after === undefined || outcome === 'unknown') return [];
  const what = method === 'hypothetical' ? 'estimated cost ' : '';
  const figuresText = `${what}${short(before)} → ${short(after)}`;
  if (outcome === 'same') {
    const why =
      changes.length === 0 ? 'the plan is the same' : 'the difference is less than a tenth';
    return [`${name}: ${why} (${figuresText})`];
  }
  const factor = outcome === 'faster' ? times(ratio ?? 1) : `${times(1 / (ratio ?? 1))} slower`;
  const plans = changes.map((change) => `  ${change.table}: ${change.before} → ${change.after}`);
  return [`${name}: ${figuresText} (${factor})`, ...plans];
}

function short({ medianMs, cost }: QueryFigures): string {
  return medianMs === undefined ? count(Math.round(cost)) : ms(medianMs);
}

function figures(side: QueryFigures | undefined): string {
  if (side === undefined) return '';
  const { minMs } = side;
  return minMs === undefined ? short(side) : `${short(side)} (${number(minMs)})`;
}

function ms(value: number): string {
  return `${number(value)} ms`;
}

/** Three figures, as more would be noise. */
function number(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function times(ratio: number): string {
  const digits = ratio >= 10 ? 0 : ratio >= 1 ? 1 : 2;
  return `${ratio.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ×`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function size1024(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[unit]}`;
}

/** Columns that have nothing in any row are left out. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const used = head.flatMap((_, at) => (rows.some((row) => row[at] !== '') ? at : []));
  const all = [head, ...rows].map((row) => used.map((at) => clean(row[at] ?? '')));
  const widths = used.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
}

/** One line, without what a terminal would obey: names and messages come from elsewhere. */
function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
