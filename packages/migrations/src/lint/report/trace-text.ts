import type { TracedLock, TraceEntry, TraceFailure, TraceReport } from '../trace/report.ts';
import { safeJson } from './json.ts';
import { printableLine, printableText } from './printable.ts';

const HEADINGS = ['at', 'blocks', 'until commit', 'takes', 'statement'];
const SQL_SHOWN = 60;
const WEAK = new Set(['ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE']);

/**
 * For people: a table for each file with the statements that others notice, then what failed, what is
 * left behind and what was not run, and the numbers. `until commit` counts the statements that run while
 * the locks stay. Locks of reading and writing rows are left out.
 */
export function formatTrace(report: TraceReport): string {
  const byFile = Map.groupBy(report.entries, ({ file }) => file);
  const parts = [...byFile].map(([file, entries]) => {
    return `${printableLine(file)}\n${table([HEADINGS, ...entries.flatMap(rowsOf)])}`;
  });
  const { failures, invalidIndexes, uncoveredForeignKeys, skipped } = report;
  parts.push(
    ...section('Failed', failures.map(failureText)),
    ...section(
      'INVALID indexes at the end',
      invalidIndexes.map(
        ({ index, table: on }) => `${printableLine(index)} on ${printableLine(on)}`,
      ),
    ),
    ...section(
      'Foreign keys without an index at the end',
      uncoveredForeignKeys.map(({ constraint, table: on, columns, references, ...place }) => {
        const key = `${on} (${columns.join(', ')}) references ${references}, ${constraint}`;
        return `${printableLine(key)}${place.file === undefined ? '' : `, made at ${placeText(place)}`}`;
      }),
    ),
    ...section(
      'Not run',
      skipped.map((skip) => `${placeText(skip)}: ${printableLine(skip.message)}`),
    ),
    summary(report),
  );
  return `${parts.join('\n\n')}\n`;
}

/** The report as one object, indented. What is undefined in the report is null, so every key is there. */
export function formatTraceJson(report: TraceReport): string {
  return `${safeJson(nullsFor({ version: 1, ...report }), 2)}\n`;
}

function nullsFor(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(nullsFor);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, nullsFor(each)]));
}

function rowsOf(entry: TraceEntry): string[][] {
  const { line, column, blocks, heldFor, sql } = entry;
  const [first = '', ...rest] = effectsOf(entry);
  const oneLine = printableLine(sql.replaceAll(/\s+/g, ' '));
  const shown = oneLine.length > SQL_SHOWN ? `${oneLine.slice(0, SQL_SHOWN - 1)}…` : oneLine;
  const place = `${line}:${column}`;
  const after = blocks === 'not observed' ? '' : heldFor === 0 ? 'last' : `${heldFor} more`;
  return [[place, blocks, after, first, shown], ...rest.map((each) => ['', '', '', each, ''])];
}

function effectsOf({ locks, held, rewrites, builds, scans, blocks }: TraceEntry): string[] {
  const list = (verb: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${verb} ${names.map(printableLine).join(', ')}`];
  const effects = [
    ...locks.filter(({ mode }) => !WEAK.has(mode)).map(lockText),
    ...list('still holds', held.map(lockText)),
    ...list('writes anew', rewrites),
    ...list('builds', builds),
    ...list('reads all of', scans),
  ];
  return effects.length === 0 && blocks === 'not observed' ? ['locks not observed'] : effects;
}

function lockText({ relation, kind, mode }: TracedLock): string {
  return `${mode} on ${kind === 'table' ? '' : `${kind} `}${printableLine(relation)}`;
}

function failureText({ message, sqlstate, hint, excerpt, ...place }: TraceFailure): string {
  const state = sqlstate === undefined ? '' : ` (SQLSTATE ${sqlstate})`;
  const rows = [`${placeText(place)}: ${printableLine(message)}${state}`];
  if (excerpt !== undefined) rows.push(printableText(excerpt));
  if (hint !== undefined) rows.push(`  Hint: ${printableLine(hint)}`);
  return rows.join('\n');
}

interface Place {
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

function placeText({ file = '', line, column }: Place): string {
  return `${printableLine(file)}${line === undefined ? '' : `:${line}:${column}`}`;
}

function section(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return [`${title}\n${items.join('\n').replaceAll(/^(?=.)/gm, '  ')}`];
}

/** Columns as wide as their widest cell, two spaces between, two before. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

function summary({ entries, failures, serverVersion, ...counts }: TraceReport): string {
  const { fileCount, statementCount } = counts;
  const count = (blocks: TraceEntry['blocks']): number =>
    entries.filter((entry) => entry.blocks === blocks).length;
  const facts = [
    `${count('reads and writes')} block reads and writes`,
    `${count('writes')} block writes`,
    `${count('not observed')} not observed`,
    `${failures.length} failed`,
  ];
  const scope = `${fileCount} files, ${statementCount} statements on PostgreSQL ${serverVersion}`;
  return `${scope}: ${facts.join(', ')}`;
}
