import type { BackfillSpec } from '../code/backfill.ts';
import { type BackfillStep, refOf } from '../migration.ts';
import type { Outcome } from './apply.ts';
import {
  advance,
  type BatchRow,
  batchSql,
  type Cursor,
  readCursor,
  writeCursor,
} from './backfill-batch.ts';
import { type BackfillTable, inspectTable } from './backfill-table.ts';
import { asCodeFailure } from './code-failure.ts';
import { pause } from './pause.ts';
import { recordInTransaction } from './record-progress.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { beginSql, delaysCommit } from './transaction-settings.ts';

/** A batch that was done. */
interface Walked {
  readonly cursor: Cursor;
  readonly isLast: boolean;
}

/** Walks through a table in batches; each is a transaction that also records where it got to. */
export async function runBackfillStep(stepRun: StepRun<BackfillStep>): Promise<Outcome> {
  const { run, migration, step, ref } = stepRun;
  const { spec } = step;
  const table = await describeTable(stepRun);
  for (let cursor = readCursor(stepRun.position, spec); ; ) {
    const from = cursor;
    const walked = await withRetries(stepRun, () => attemptBatch(stepRun, table, from));
    if (delaysCommit(stepRun)) run.state.hasDelayedCommits = true;
    ({ cursor } = walked);
    const { rows, batches } = cursor;
    const ratio = walked.isLast ? 1 : ratioOf(rows, table, spec.where);
    const type = 'backfill-progress';
    run.emit({ type, migration: refOf(migration), step: ref, rows, batches, ratio });
    if (walked.isLast) return 'done';
    await pause(spec.pauseMs, run.settings.clock, run.signal);
  }
}

async function describeTable(stepRun: StepRun<BackfillStep>): Promise<BackfillTable> {
  try {
    const table = await inspectTable(stepRun.run.session, stepRun.step.spec);
    if (typeof table === 'string') throw new Error(table);
    return table;
  } catch (error) {
    throw asCodeFailure(stepRun, error);
  }
}

async function attemptBatch(
  stepRun: StepRun<BackfillStep>,
  table: BackfillTable,
  from: Cursor,
): Promise<Walked> {
  const { run, step, ref } = stepRun;
  const { session, watcher } = run;
  const { spec } = step;
  try {
    await session.query(beginSql(stepRun));
    const text = batchSql(spec, table, from.at !== undefined);
    const values = [String(spec.batch), ...(from.at ?? [])];
    const { rows } = await watcher.during(() => session.query<BatchRow>(text, values));
    const row = rows[0] ?? { found: '0', changed: '0', moved: '0' };
    refuseMoved(row, spec);
    const cursor = advance(from, row, table);
    const isLast = Number(row.found) < spec.batch;
    await recordInTransaction(stepRun, {
      stepsDone: isLast ? ref.number : ref.number - 1,
      isStepRunning: false,
      position: isLast ? undefined : writeCursor(cursor, spec),
    });
    // Deferred constraints are checked here.
    await session.query('commit');
    return { cursor, isLast };
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw asCodeFailure(stepRun, error);
  }
}

/** A row with another key may lie ahead again: it would be changed for ever. */
function refuseMoved({ moved }: BatchRow, { key, table }: BackfillSpec): void {
  if (Number(moved) === 0) return;
  throw new Error(
    `${moved} rows of ${table} have another key (${key.join(', ')}) after the change; walk by a unique key that set and triggers leave alone`,
  );
}

/** A condition may leave any part of the rows out. */
function ratioOf(
  rows: number,
  { estimate }: BackfillTable,
  where: string | undefined,
): number | undefined {
  if (estimate === undefined || estimate === 0 || where !== undefined) return undefined;
  return Math.min(1, rows / estimate);
}
