import { labelOf } from '../../errors.ts';
import type { AppliedMigration, MigrationStatus, PendingStatus } from '../../status.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { errorJson, errorLines } from '../error-lines.ts';
import { EXIT, exitCodeOfAll } from '../exit-code.ts';
import { type Line, type Styled, styled } from '../line.ts';
import { noteLines } from '../note-lines.ts';
import { withMigrator } from '../open-migrator.ts';
import { sayCount, sayDuration, sayTime } from '../say.ts';
import { tableLines } from '../table.ts';

/** Applied files that are listed without `--all`. */
const SHOWN = 10;

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal } = context;
  return withMigrator(context, async (migrator) => {
    const status = await migrator.status({ signal });
    const { applied, pending, problems, notes } = status;
    const exitCode =
      problems.length > 0 ? exitCodeOfAll(problems) : pending.length > 0 ? EXIT.pending : EXIT.ok;
    return {
      exitCode,
      summary: { applied, pending, problems: problems.map(errorJson), notes },
      lines: statusLines(status, args.has('all')),
    };
  });
}

function statusLines(
  { applied, pending, problems, notes }: MigrationStatus,
  isAll: boolean,
): readonly Line[] {
  const shown = isAll ? applied : applied.slice(-SHOWN);
  const hidden = applied.length - shown.length;
  const rows = [...shown.map(appliedRow), ...pending.map(pendingRow)];
  const counts = [`${applied.length} applied`, `${pending.length} pending`];
  if (problems.length > 0) counts.push(sayCount(problems.length, 'problem'));
  return [
    ...(hidden > 0 ? [`  … ${hidden} older ones (--all lists them)`] : []),
    ...(rows.length > 0
      ? tableLines(['state', 'migration', 'applied at', 'took', 'by'], rows)
      : []),
    ...noteLines(notes),
    ...problems.flatMap((problem) => errorLines(problem)),
    counts.join(' · '),
  ];
}

function appliedRow(migration: AppliedMigration): (string | Styled)[] {
  const { appliedAt, durationMs, origin } = migration;
  const took = origin === 'up' ? sayDuration(durationMs) : '';
  return [styled('green', 'applied'), labelOf(migration), sayTime(appliedAt), took, origin];
}

function pendingRow(migration: PendingStatus): (string | Styled)[] {
  const { stepsDone, stepCount } = migration;
  const state = styled('yellow', 'pending');
  const progress = stepsDone > 0 ? `${stepsDone} of ${stepCount} steps done` : '';
  return [state, labelOf(migration), progress, '', ''];
}
