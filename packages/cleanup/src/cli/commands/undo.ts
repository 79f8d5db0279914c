import type { PolicyUndo } from '../../soft-delete/undo-report.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { EXIT } from '../exit-code.ts';
import { count } from '../figures.ts';
import { plainText } from '../plain-text.ts';
import { type Column, tableLines } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'POLICY' },
  { head: 'TABLE' },
  { head: 'UNDONE', isNumber: true },
  { head: 'BEFORE', isNumber: true },
  { head: 'CHANGED SINCE', isNumber: true },
  { head: 'GONE', isNumber: true },
  { head: 'TOO LATE', isNumber: true },
  { head: 'BLOCKED', isNumber: true },
];

const MOST_BLOCKED = 5;

/** Takes back what a run soft-deleted. Ends between two batches when it is interrupted. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const [runId = ''] = args.operands;
  const cleanup = await loadCleanup(args, 'undo');
  progress.note(`Undoing run ${runId} …`);
  const report = await cleanup.undo(runId, { signal });
  const all = Object.entries(report.policies);
  return {
    exitCode: report.ok ? EXIT.ok : EXIT.remains,
    json: { report },
    lines:
      all.length === 0
        ? [plainText(`Run ${report.runId} has marked no row that can be taken back.`)]
        : [
            ...tableLines(
              COLUMNS,
              all.map(([policy, undo]) => rowOf(policy, undo)),
              columns,
            ),
            ...all.flatMap(([policy, undo]) => problems(policy, undo).map(paint.warning)),
          ],
  };
}

function rowOf(policy: string, undo: PolicyUndo): readonly string[] {
  const rest = [
    undo.undoneBefore,
    undo.changedSince,
    undo.alreadyPurged,
    undo.tooLate,
    undo.blockedCount,
  ];
  return [
    policy,
    undo.table,
    count(undo.undone),
    ...rest.map((value) => (value === 0 ? '' : count(value))),
  ];
}

function problems(policy: string, { problem, blocked }: PolicyUndo): readonly string[] {
  const rows = blocked.slice(0, MOST_BLOCKED).map(({ key, reason, message }) => {
    const row = Object.entries(key).map(([column, value]) => `${column} ${value}`);
    return `${policy}: blocked: ${row.join(', ')}: ${reason}: ${message}`;
  });
  return [...(problem === null ? [] : [`${policy}: ${problem}`]), ...rows].map(plainText);
}
