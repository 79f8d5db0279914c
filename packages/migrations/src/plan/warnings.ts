import type { Session } from '../database/session.ts';
import { stepRefOf } from '../engine/run.ts';
import type { MigrationRef } from '../errors.ts';
import type { PendingMigration } from '../history/compare.ts';
import { refOf, type Step } from '../migration.ts';
import type { Findings } from '../situation.ts';
import { compareVersions } from '../sources/version.ts';
import { positionOf } from '../sql/position.ts';
import { findBlockingIndexes } from './blocking-index.ts';
import type { IndexLook, IndexLooks } from './index-look.ts';
import type { PlanWarning, PlanWarningCode } from './plan.ts';

/** All there is to say, files in their order. */
export async function collectWarnings(
  session: Session,
  { pending, rows, notes }: Findings,
  looks: IndexLooks,
): Promise<readonly PlanWarning[]> {
  const late = lateMigrations(pending, rows);
  const blocking = await findBlockingIndexes(session, pending);
  const warnings = pending.flatMap((each): PlanWarning[] => {
    const { migration } = each;
    const own = blocking.filter((found) => found.migration === migration);
    return [
      ...(late.has(each) ? [lateWarning(migration, late.get(each) ?? '')] : []),
      ...halfDoneWarnings(each),
      ...own.map(({ statement, table, rows: count }) => {
        const message = `create index blocks writes to ${table}, which has about ${count} rows, until it is built; create index concurrently does not`;
        const { line } = positionOf(migration.text, statement.start);
        return warningOf('blocking-index', message, migration, line);
      }),
      ...migration.steps.slice(each.stepsDone).flatMap((step, index) => {
        const { line } = stepRefOf(migration, each.stepsDone + index);
        const found = step.kind === 'index' ? looks.get(step) : undefined;
        const said = found === undefined ? stepWarning(step) : indexWarning(found);
        return said === undefined ? [] : [warningOf(...said, migration, line)];
      }),
    ];
  });
  const noted = notes.map(({ kind, message, migration }) => warningOf(kind, message, migration));
  return [...noted, ...warnings];
}

type Said = readonly [code: PlanWarningCode, message: string];

function warningOf(
  code: PlanWarningCode,
  message: string,
  migration: MigrationRef | undefined,
  line?: number,
): PlanWarning {
  return { code, message, migration: migration && refOf(migration), line };
}

/** Those older than the newest that is applied of the same pack, with its version. */
function lateMigrations(
  pending: readonly PendingMigration[],
  rows: Findings['rows'],
): ReadonlyMap<PendingMigration, string> {
  const late = new Map<PendingMigration, string>();
  for (const each of pending) {
    const { pack, version } = each.migration;
    if (each.file.when !== undefined || each.stepsDone > 0) continue;
    const newer = rows.filter(
      (row) => row.pack === pack && compareVersions(row.version, version) > 0,
    );
    const newest = newer.toSorted((a, b) => compareVersions(b.version, a.version))[0];
    if (newest !== undefined) late.set(each, newest.version);
  }
  return late;
}

function lateWarning(migration: MigrationRef, newest: string): PlanWarning {
  const message = `${migration.file} is older than version ${newest}, which is applied; this order was allowed`;
  return warningOf('out-of-order', message, migration);
}

function halfDoneWarnings({
  migration,
  stepsDone,
  wasInterrupted,
}: PendingMigration): PlanWarning[] {
  if (stepsDone === 0 && !wasInterrupted) return [];
  const count = migration.steps.length;
  const begun = wasInterrupted ? '; the next was begun, and nobody saw it end' : '';
  const message = `${stepsDone} of the ${count} steps of ${migration.file} were done by an earlier run${begun}`;
  const next = Math.min(stepsDone, count - 1);
  return [warningOf('half-done', message, migration, stepRefOf(migration, next).line)];
}

function stepWarning(step: Step): Said | undefined {
  const again = 'when its end was not seen, the next up runs it again';
  if (step.kind === 'standalone' && step.traits.doneState === undefined) {
    return ['repeated-step', `the statement cannot be in a transaction; ${again}`];
  }
  if (step.kind === 'backfill') {
    return ['not-shown', `a backfill of ${step.spec.table}, in batches of ${step.spec.batch}`];
  }
  if (step.kind !== 'code') return undefined;
  const detail = step.isTransactional ? '' : `, outside a transaction; ${again}`;
  return ['not-shown', `a function of the module; what it sends cannot be shown${detail}`];
}

function indexWarning({ state, isSame }: IndexLook): Said | undefined {
  if (state.kind === 'absent') return undefined;
  if (state.kind === 'building') {
    return ['index-building', `the index is being built by pid ${state.pid}; up waits for it`];
  }
  if (state.kind === 'taken') {
    return ['index-conflict', `the name belongs to ${state.by}; up will fail here`];
  }
  const { kind, index, definition } = state;
  if (kind === 'invalid') {
    return ['index-invalid', `${index} is INVALID; up drops it and builds it anew`];
  }
  if (isSame === true) return ['index-present', `${index} is there already`];
  const other =
    isSame === false
      ? 'with another definition, and up will fail here'
      : `and whether it is the same cannot be told (${isSame})`;
  return ['index-conflict', `${index} is there ${other}: ${definition}`];
}
