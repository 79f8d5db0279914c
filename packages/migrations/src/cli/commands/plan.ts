import { labelOf } from '../../errors.ts';
import type { Plan, PlannedStep, PlanWarning } from '../../plan/plan.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { type Line, styled } from '../line.ts';
import { withMigrator } from '../open-migrator.ts';
import { writePlanFile } from '../plan-file.ts';
import { sayCount, sayShort } from '../say.ts';
import { tableLines } from '../table.ts';

const SQL_SHOWN = 60;

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, output, signal } = context;
  return withMigrator(context, async (migrator) => {
    const plan = await migrator.plan({
      signal,
      to: args.text('to'),
      allowOutOfOrder: args.has('allow-out-of-order'),
    });
    const file = args.text('out');
    if (file !== undefined) {
      writePlanFile(file, plan.toJSON());
      output.warn([`Wrote ${file}; apply exactly this: ops-migrate up --plan ${file}`]);
    }
    const summary = plan.toJSON();
    if (args.has('sql')) return { summary: { ...summary, sql: plan.toSQL() }, text: plan.toSQL() };
    return { summary, lines: planLines(plan) };
  });
}

function planLines({ steps, warnings }: Plan): readonly Line[] {
  if (steps.length === 0) return [...warnings.map(warningLine), 'Nothing is pending'];
  const fileCount = new Set(steps.map(({ migration }) => migration.file)).size;
  const counts = [sayCount(fileCount, 'file'), sayCount(steps.length, 'step')];
  if (warnings.length > 0) counts.push(sayCount(warnings.length, 'warning'));
  return [
    ...tableLines(['migration', 'step', 'kind', 'line', 'what'], steps.map(rowOf)),
    ...warnings.map(warningLine),
    `${counts.join(' · ')}; nothing was changed`,
  ];
}

/** The file's name stands only before its first step. */
function rowOf(step: PlannedStep, at: number, all: readonly PlannedStep[]): string[] {
  const { migration, number, count, kind, line, index, sql } = step;
  const isFirst = all[at - 1]?.migration.file !== migration.file;
  const what = index ?? (sql === undefined ? '' : sayShort(sql, SQL_SHOWN));
  return [isFirst ? labelOf(migration) : '', `${number}/${count}`, kind, String(line), what];
}

function warningLine({ message, migration, line, code }: PlanWarning): Line {
  const place = migration === undefined || line === undefined ? '' : `${migration.file}:${line}: `;
  return ['  ', styled('yellow', '!'), ` ${place}${message} `, styled('dim', `(${code})`)];
}
