import type { BackfillSpec } from '../code/backfill.ts';
import { stepRefOf } from '../engine/run.ts';
import { fileHasSet, sessionSettingsBefore } from '../engine/session-settings.ts';
import type { StepRef } from '../events.ts';
import type { IndexStep, Migration, StandaloneStep, Step } from '../migration.ts';
import type { Statement } from '../sql/split.ts';
import { commentOf, onOneLine } from './comment.ts';
import type { Planned } from './hash.ts';
import type { IndexLook, IndexLooks } from './index-look.ts';
import type { PlanData } from './plan.ts';

/** What the script depends on beside the files. */
export interface ScriptContext {
  readonly looks: IndexLooks;
  readonly lockTimeoutMs: number;
}

/** One step, with what it needs to be written. */
interface Place extends ScriptContext {
  readonly migration: Migration;
  readonly ref: StepRef;
}

/** Between files: what {@link CleanState.restoreSql} does, for whoever runs the script. */
const RESTORE = `begin;
reset session authorization;
reset role;
close all;
deallocate all;
unlisten *;
discard temp;
reset all;
set standard_conforming_strings = on;
commit;`;

/** The statements as `up` sends them, one by one. */
export function writeScript(
  pending: readonly Planned[],
  { steps, warnings, hash }: Pick<PlanData, 'steps' | 'warnings' | 'hash'>,
  context: ScriptContext,
): string {
  const warned = warnings.map(({ message, migration, line }) => {
    const place = migration ? `${migration.file}${line === undefined ? '' : `:${line}`}: ` : '';
    return `Warning: ${onOneLine(place + message)}`;
  });
  const head = [
    `${steps.length} steps of ${pending.length} migrations, as up() of @ops/migrations sends them.`,
    `Plan ${hash}`,
    'Without the history: after running this by hand, up() would run it all again.',
    'To be sent statement by statement: psql -X -v ON_ERROR_STOP=1 -f plan.sql',
    ...warned,
  ];
  const parts = pending.map((each, at) => migrationScript(each, at > 0, context));
  const first = 'set standard_conforming_strings = on;';
  return [commentOf(head.join('\n')), first, ...parts, ''].join('\n\n').trimEnd().concat('\n');
}

function migrationScript(
  { migration, stepsDone }: Planned,
  needsRestore: boolean,
  context: ScriptContext,
): string {
  const { steps } = migration;
  const repeated = sessionSettingsBefore(migration, stepsDone).map(safeText);
  return [
    commentOf(`==== ${onOneLine(migration.file)} ====`),
    ...(needsRestore ? [RESTORE] : []),
    ...(stepsDone > 0 ? [commentOf(`Done before: steps 1 to ${stepsDone}`), ...repeated] : []),
    ...steps.slice(stepsDone).map((step, index) => {
      const ref = stepRefOf(migration, stepsDone + index);
      const title = commentOf(`Step ${ref.number} of ${ref.count}, line ${ref.line}: ${step.kind}`);
      return `${title}\n${stepScript(step, { ...context, migration, ref })}`;
    }),
  ].join('\n\n');
}

function stepScript(step: Step, place: Place): string {
  const { kind } = step;
  if (kind === 'transaction') {
    return [...begin(place), ...step.statements.map(safeText), 'commit;'].join('\n');
  }
  if (kind === 'index') return indexScript(step, place);
  if (kind === 'standalone') return standaloneScript(step, place);
  if (kind === 'backfill') return commentOf(describeBackfill(step.spec));
  return commentOf('A function of the module, which up() calls. It cannot be shown.');
}

function begin({ lockTimeoutMs, ...place }: Place): string[] {
  if (fileHasSet(place, 'lock_timeout')) return ['begin;'];
  return ['begin;', `set local lock_timeout = ${lockTimeoutMs};`];
}

function indexScript(step: IndexStep, place: Place): string {
  const look: IndexLook | undefined = place.looks.get(step);
  const { buildText, table } = step.target;
  const build = safeText({ ...step.statements[0], text: buildText });
  if (look?.isSame === true) return commentOf(`There already: ${onOneLine(build)}`);
  const state = look?.state;
  const lock = `lock table ${table} in share update exclusive mode;`;
  const isTable = state?.kind === 'absent' && state.isTable;
  return [
    ...(isTable ? [...begin(place), lock, 'rollback;'] : []),
    ...underTimeouts(place, { lock_timeout: 0, statement_timeout: 0 }, [
      ...(state?.kind === 'invalid' ? [`drop index concurrently if exists ${state.index};`] : []),
      build,
    ]),
  ].join('\n');
}

function standaloneScript({ statements, traits }: StandaloneStep, place: Place): string {
  const timeouts: Readonly<Record<string, number>> =
    traits.waitsPolitely === true
      ? { lock_timeout: 0, statement_timeout: 0 }
      : { lock_timeout: place.lockTimeoutMs };
  return underTimeouts(place, timeouts, statements.map(safeText)).join('\n');
}

function underTimeouts(
  place: Place,
  timeouts: Readonly<Record<string, number>>,
  statements: readonly string[],
): string[] {
  const wanted = Object.entries(timeouts).filter(([name]) => !fileHasSet(place, name));
  return [
    ...wanted.map(([name, ms]) => `set ${name} = ${ms};`),
    ...statements,
    ...wanted.map(([name]) => `reset ${name};`),
  ];
}

function describeBackfill({ table, key, set, where, batch, pauseMs }: BackfillSpec): string {
  const condition = where === undefined ? '' : `\nwhere ${where}`;
  return `A backfill, which up() runs in batches of ${batch} rows by ${key.join(', ')}, ${pauseMs} ms apart:\nupdate ${table}\nset ${set}${condition}`;
}

/**
 * With a space where psql would take `:name` for one of its variables, which it does outside literals:
 * in a slice such as `a[1:HOST]`. To the server the space means nothing.
 */
function safeText({ text, start, tokens }: Statement): string {
  let safe = text;
  for (const [at, token] of [...tokens.entries()].toReversed()) {
    const next = tokens[at + 1];
    if (token.text !== ':' || next?.start !== token.end || !/^[\w"']/.test(next.text)) continue;
    const offset = token.end - start;
    safe = `${safe.slice(0, offset)} ${safe.slice(offset)}`;
  }
  return `${safe};`;
}
