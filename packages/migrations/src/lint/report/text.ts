import { styleText } from 'node:util';
import type { Finding, LintReport } from '../finding.ts';
import { printableLine, printableText } from './printable.ts';
import { snippetLines } from './snippet.ts';

/** How {@link formatText} looks. */
export interface TextOptions {
  /** With ANSI colours. @default false */
  readonly colour?: boolean | undefined;
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'cyan' | 'green';
/** Colours a text, or gives it back. */
type Paint = (style: Style, text: string) => string;

/**
 * For people: each finding with its place, the source with a mark beneath, the lock and what to write
 * instead; at the end the counts. Why a rule exists is said at its first finding only.
 *
 * What comes from files is shown, never obeyed: control characters become pictures.
 */
export function formatText(report: LintReport, { colour = false }: TextOptions = {}): string {
  const paint: Paint = (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const explained = new Set<string>();
  const parts = report.findings.map((finding) => {
    const isFirst = !explained.has(finding.rule);
    explained.add(finding.rule);
    return findingText(finding, isFirst, paint);
  });
  return `${[...parts, summaryText(report, paint)].join('\n\n')}\n`;
}

function findingText(finding: Finding, isFirst: boolean, paint: Paint): string {
  const { file, line, column, severity, rule, message, why, lock, safeRewrite, excerpt } = finding;
  const place = paint('bold', `${printableLine(file)}:${line}:${column}`);
  const level = paint(severity === 'error' ? 'red' : 'yellow', severity);
  const rows = [`${place}  ${level} ${paint('bold', printableLine(rule))}`];
  rows.push(`  ${printableLine(message)}`);
  for (const { gutter, text, isMark } of snippetLines({ ...finding, lines: excerpt ?? [] })) {
    rows.push(`  ${paint('dim', gutter)} ${isMark ? paint('red', text) : text}`);
  }
  if (isFirst) rows.push(`  ${paint('cyan', 'why')}      ${printableLine(why)}`);
  if (lock !== undefined) rows.push(`  ${paint('cyan', 'lock')}     ${printableLine(lock)}`);
  if (safeRewrite !== undefined) {
    rows.push(`  ${paint('cyan', 'instead')}`);
    rows.push(...printableText(safeRewrite).split('\n').map(rewriteRow));
  }
  return rows.join('\n');
}

/**
 * GitHub takes a line for a command when it begins with `::`, spaces aside. The empty comment means
 * nothing to PostgreSQL.
 */
function rewriteRow(row: string): string {
  if (row === '') return '';
  return `      ${row.replace(/^(\s*)(?=::)/, '$1/**/')}`;
}

function summaryText(report: LintReport, paint: Paint): string {
  const { errorCount, warningCount, suppressed, fileCount, statementCount } = report;
  const style = errorCount > 0 ? 'red' : warningCount > 0 ? 'yellow' : 'green';
  const counts = [count(errorCount, 'error'), count(warningCount, 'warning')];
  if (suppressed.length > 0) counts.push(`${suppressed.length} suppressed`);
  const scope = `in ${count(fileCount, 'file')}, ${count(statementCount, 'statement')}`;
  return `${paint(style, counts.join(', '))} ${scope}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
