import type { CleanupFinding, FindingSeverity, TableState } from '../../doctor/diagnosis.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { EXIT } from '../exit-code.ts';
import { bytes, count, moment } from '../figures.ts';
import { interruptible } from '../interruption.ts';
import type { Paint } from '../paint.ts';
import { plainText } from '../plain-text.ts';
import { type Column, tableLines } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'TABLE' },
  { head: 'HEAP', isNumber: true },
  { head: 'TOAST', isNumber: true },
  { head: 'INDEXES', isNumber: true },
  { head: 'REUSABLE', isNumber: true },
  { head: 'LIVE', isNumber: true },
  { head: 'DEAD', isNumber: true },
  { head: 'VACUUMED (UTC)' },
  { head: 'ANALYZED (UTC)' },
];

/** Partitions may be many; all of them are in the JSON. */
const MOST_TABLES = 30;

/** Shows what keeps the policies from their work. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const cleanup = await loadCleanup(args, 'doctor');
  const policies = args.list('policy');
  progress.note('Examining …');
  const diagnosis = await interruptible(cleanup.doctor({ signal, policies }), signal);
  const { ok, findings, tables } = diagnosis;
  return {
    exitCode: ok ? EXIT.ok : EXIT.remains,
    json: { diagnosis },
    lines: [
      ...findings.flatMap((each) => findingLines(each, paint)),
      ...tableList(tables, columns),
      ok ? paint.good('Nothing to be done.') : toDo(findings),
    ],
  };
}

function findingLines(
  { severity, policies, message, remedy, sql }: CleanupFinding,
  paint: Paint,
): readonly string[] {
  const of = policies.length === 0 ? '' : ` [${policies.join(', ')}]`;
  const color: Record<FindingSeverity, (text: string) => string> = {
    error: paint.bad,
    warn: paint.warning,
    info: paint.strong,
  };
  return [
    `${color[severity](severity)}${plainText(of)} ${plainText(message)}`,
    ...(remedy === null ? [] : [`  ${plainText(remedy)}${sql.length > 0 ? ':' : '.'}`]),
    ...sql.map((statement) => `    ${plainText(statement)};`),
    '',
  ];
}

function tableList(tables: readonly TableState[], columns: number | undefined): readonly string[] {
  if (tables.length === 0) return [];
  const largest = tables.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MOST_TABLES);
  const more = tables.length - largest.length;
  return [
    ...tableLines(COLUMNS, largest.map(rowOf), columns),
    ...(more > 0 ? [`and ${count(more)} smaller ones`] : []),
    '',
  ];
}

function sizeOf({ heapBytes, toastBytes, indexBytes }: TableState): number {
  return heapBytes + toastBytes + indexBytes;
}

function rowOf(table: TableState): readonly string[] {
  return [
    table.table,
    bytes(table.heapBytes),
    bytes(table.toastBytes),
    bytes(table.indexBytes),
    table.reusableBytes === null ? '?' : `~${bytes(table.reusableBytes)}`,
    table.liveRows === null ? '?' : `~${count(table.liveRows)}`,
    `~${count(table.deadRows)}`,
    table.vacuumedAt === null ? 'never' : moment(table.vacuumedAt),
    table.analyzedAt === null ? 'never' : moment(table.analyzedAt),
  ];
}

function toDo(findings: readonly CleanupFinding[]): string {
  const number = (severity: FindingSeverity, word: string): string => {
    const found = findings.filter((each) => each.severity === severity).length;
    return `${found} ${word}${found === 1 ? '' : 's'}`;
  };
  return `${number('error', 'error')}, ${number('warn', 'warning')}.`;
}
