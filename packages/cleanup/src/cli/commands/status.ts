import type { PolicyStatus, RunningRun } from '../../status/status.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { EXIT } from '../exit-code.ts';
import { count, duration, moment } from '../figures.ts';
import { interruptible } from '../interruption.ts';
import { plainText } from '../plain-text.ts';
import { type Column, tableLines } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'POLICY' },
  { head: 'TABLE' },
  { head: 'LATE', isNumber: true },
  { head: 'LAST RUN (UTC)' },
  { head: 'ENDED' },
  { head: 'DELETED', isNumber: true },
  { head: 'MARKED', isNumber: true },
  { head: 'DRAINED (UTC)' },
  { head: 'RUN' },
];

/** Shows when each policy last ran, and what it has fallen behind with. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const options = { policies: args.list('policy'), overdueAfter: args.duration('overdue-after') };
  const cleanup = await loadCleanup(args, 'status');
  progress.note('Looking at the tables …');
  const status = await interruptible(cleanup.status({ ...options, signal }), signal);
  const all: readonly PolicyStatus[] = Object.values(status.policies);
  const { running } = status;
  return {
    exitCode: status.ok ? EXIT.ok : EXIT.remains,
    json: { status },
    lines: [
      ...(running === null
        ? []
        : [
            plainText(
              `Run ${running.runId} is under way since ${moment(running.startedAt)} UTC in ${running.owner}${running.isStopRequested ? '; it was asked to stop' : ''}.`,
            ),
            '',
          ]),
      ...tableLines(
        COLUMNS,
        all.map((each) => rowOf(each, running)),
        columns,
      ),
      '',
      ...all.map(({ policy, why, isOverdue }) => {
        const line = plainText(`${policy}: ${isOverdue ? 'overdue: ' : ''}${why}`);
        return isOverdue ? paint.warning(line) : line;
      }),
    ],
  };
}

function rowOf(
  { policy, table, lateMs, lastRun, lastDrainedAt }: PolicyStatus,
  running: RunningRun | null,
): readonly string[] {
  const isRunning = lastRun !== null && lastRun.runId === running?.runId;
  const rest = lastRun
    ? [
        moment(lastRun.startedAt),
        lastRun.stopped ?? (isRunning ? 'not yet' : 'died'),
        count(lastRun.deleted),
        lastRun.softDeleted === 0 ? '' : count(lastRun.softDeleted),
      ]
    : ['never', '', '', ''];
  return [
    policy,
    table,
    lateOf(lateMs),
    ...rest,
    lastDrainedAt === null ? 'never' : moment(lastDrainedAt),
    lastRun?.runId ?? '',
  ];
}

/** 1 ms stands for some time that is not known. */
function lateOf(lateMs: number | null): string {
  if (lateMs === null) return '?';
  if (lateMs === 0) return 'none';
  return lateMs === 1 ? 'some' : duration(lateMs);
}
