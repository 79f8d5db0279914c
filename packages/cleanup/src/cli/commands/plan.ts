import type { PolicyPlan, ShownStatement } from '../../plan.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadCleanup } from '../config.ts';
import { EXIT } from '../exit-code.ts';
import { bytes, moment, percent, rowCount } from '../figures.ts';
import { interruptible } from '../interruption.ts';
import type { Paint } from '../paint.ts';
import { plainText } from '../plain-text.ts';
import { type Column, tableLines } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'POLICY' },
  { head: 'TABLE' },
  { head: 'WHAT' },
  { head: 'BEFORE (UTC)' },
  { head: 'DUE', isNumber: true },
  { head: 'OF', isNumber: true },
  { head: 'SHARE', isNumber: true },
  { head: 'BY' },
];

/** Shows what a run would do. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args, signal, progress, paint, columns } = context;
  const cleanup = await loadCleanup(args, 'plan');
  const policies = args.list('policy');
  progress.note('Looking at the tables …');
  const plan = await interruptible(cleanup.plan({ signal, policies }), signal);
  const all: readonly PolicyPlan[] = Object.values(plan.policies);
  const withSql = args.has('sql');
  return {
    exitCode: plan.ok ? EXIT.ok : EXIT.refused,
    json: { plan },
    lines: [
      ...tableLines(COLUMNS, all.map(rowOf), columns),
      ...all.flatMap((each) => details(each, paint, withSql)),
      '',
      `Plan ${plan.hash}`,
      ...acceptance(all, plan.hash, policies),
    ],
  };
}

function rowOf(plan: PolicyPlan): readonly string[] {
  return [
    plan.policy,
    plan.table,
    plan.outcome,
    moment(plan.cutOff),
    plan.refusals.length > 0 && plan.candidates === null ? 'refused' : rowCount(plan.candidates),
    rowCount(plan.rows),
    plan.share === null ? '?' : percent(plan.share),
    walkOf(plan),
  ];
}

function walkOf({ index, walks, partitions }: PolicyPlan): string {
  if (partitions !== null) return 'whole partitions';
  if (index !== null) return `index ${index}`;
  const kinds = new Set(walks.map(({ kind }) => kind));
  if (kinds.has('keyset') && kinds.has('heap-windows')) return 'indexes and heap';
  if (kinds.has('keyset')) return 'an index each';
  return kinds.has('heap-windows') ? 'heap' : '';
}

function details(plan: PolicyPlan, paint: Paint, withSql: boolean): readonly string[] {
  const lines = [
    ...plan.refusals.map(({ code, message }) =>
      paint.bad(plainText(`refused (${code}): ${message}`)),
    ),
    ...plan.warnings.map((warning) => paint.warning(plainText(`warning: ${warning}`))),
    ...childLines(plan),
    ...holdLines(plan),
    ...(plan.partitions ?? []).map((each) =>
      plainText(
        `drops ${each.table} (up to ${each.bound}): ${each.rows === null ? '?' : rowCount({ count: each.rows, isExact: false })} rows, ${bytes(each.bytes)}`,
      ),
    ),
    ...(withSql && plan.sql
      ? [...sqlLines('pick', plan.sql.pick), ...sqlLines('act', plan.sql.act)]
      : []),
  ];
  if (lines.length === 0) return [];
  return ['', paint.strong(plan.policy), ...lines.map((line) => `  ${line}`)];
}

/** What the warnings do not say already: keys are in them when they do something to rows. */
function childLines({ foreignKeys }: PolicyPlan): readonly string[] {
  return foreignKeys.map(({ table, columns, references, onDelete, isIndexed }) =>
    plainText(
      `child: ${table} (${columns.join(', ')}) → ${references}, on delete ${onDelete}${isIndexed ? '' : ', without an index'}`,
    ),
  );
}

function holdLines({ holds, holdsBelow, exemptBecause }: PolicyPlan): readonly string[] {
  if (exemptBecause !== null) return [plainText(`holds do not count: ${exemptBecause}`)];
  const own = holds.length === 0 ? [] : [plainText(`holds: ${holds.join(', ')}`)];
  return [...own, ...holdsBelow.map((below) => plainText(`holds on children: ${below}`))];
}

function sqlLines(name: string, { text, values }: ShownStatement): readonly string[] {
  return [
    `${name}:`,
    ...text.split('\n').map((line) => `  ${plainText(line)}`),
    ...values.map((value, at) => `  $${at + 1} = ${plainText(JSON.stringify(value) ?? 'null')}`),
  ];
}

/** Only when the share is all that stands in the way. */
function acceptance(
  all: readonly PolicyPlan[],
  hash: string,
  policies: readonly string[] | undefined,
): readonly string[] {
  const codes = new Set(all.flatMap(({ refusals }) => refusals.map(({ code }) => code)));
  if (codes.size !== 1 || !codes.has('share')) return [];
  const chosen = (policies ?? []).map((name) => ` --policy ${name}`).join('');
  return [plainText(`To accept it: ops-cleanup run --accept ${hash}${chosen}`)];
}
