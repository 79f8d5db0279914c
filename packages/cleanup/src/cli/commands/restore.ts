import type { RestoreReport, TableRestore } from '../../archive/restore-report.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { errorMessage } from '../error-message.ts';
import { EXIT } from '../exit-code.ts';
import { count } from '../figures.ts';
import { plainText } from '../plain-text.ts';
import { type Column, tableLines } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'POLICY' },
  { head: 'TABLE' },
  { head: 'INTO' },
  { head: 'RESTORED', isNumber: true },
  { head: 'ALREADY THERE', isNumber: true },
  { head: 'MISSING', isNumber: true },
];

/** Puts back what a run archived. Ends between two batches when it is interrupted. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const [runId = ''] = args.operands;
  const options = { policy: args.text('policy'), into: args.text('into'), from: args.text('from') };
  const cleanup = await loadCleanup(args, 'restore');
  progress.note(`Restoring run ${runId} …`);
  const report = await cleanup.restore(runId, { ...options, signal });
  // What was restored before the interruption stays restored, and is not worth less.
  if (signal.aborted && report.error === signal.reason) throw signal.reason;
  const problem = report.error === undefined ? undefined : errorMessage(report.error);
  return {
    exitCode: report.ok ? EXIT.ok : EXIT.failed,
    json: { report: { ...report, error: problem } },
    lines: [
      ...tables(report, columns),
      ...(report.missing > 0
        ? [paint.bad(`${count(report.missing)} rows are not in the archive table any more.`)]
        : []),
      ...(problem === undefined ? [] : [paint.bad(plainText(problem))]),
    ],
  };
}

function tables(report: RestoreReport, columns: number | undefined): readonly string[] {
  const rows = Object.entries(report.policies).flatMap(([policy, each]) =>
    each.tables.map((table) => rowOf(policy, table)),
  );
  if (rows.length > 0) return tableLines(COLUMNS, rows, columns);
  return report.error === undefined ? [plainText(`Run ${report.runId} has archived no row.`)] : [];
}

function rowOf(policy: string, table: TableRestore): readonly string[] {
  return [
    policy,
    table.table,
    table.into === table.table ? '' : table.into,
    count(table.restored),
    table.alreadyThere === 0 ? '' : count(table.alreadyThere),
    table.missing === 0 ? '' : count(table.missing),
  ];
}
