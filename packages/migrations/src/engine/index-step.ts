import { isServerError, type ServerError } from '../database/client.ts';
import { DuplicateRowsError, type DuplicateSample, IndexConflictError } from '../errors.ts';
import { type IndexStep, refOf } from '../migration.ts';
import type { Outcome } from './apply.ts';
import { findDuplicates } from './duplicates.ts';
import { type FoundIndex, inspectIndex, isSameIndex } from './index-catalog.ts';
import { pause } from './pause.ts';
import { withRetries } from './retry.ts';
import type { StepRun } from './run.ts';
import { fileHasSet, withSessionTimeouts } from './session-settings.ts';
import { factsOf, failureAround, statementFailure } from './statement-failure.ts';

/** Between looks at somebody else's build. */
const FOLLOW_MS = 1_000;
/** Between the two looks that must agree that an index is abandoned. */
const LOOK_TWICE_MS = 250;

/**
 * Brings an index about, whatever state an earlier run or another session has left it in:
 *
 * - absent: built;
 * - valid: done when it is what the statement says, otherwise an error;
 * - invalid, with a session building it: awaited, then looked at again;
 * - invalid and abandoned: dropped concurrently, then built.
 */
export async function runIndexStep(stepRun: StepRun<IndexStep>): Promise<Outcome> {
  return withRetries(stepRun, () => reconcile(stepRun));
}

async function reconcile(stepRun: StepRun<IndexStep>): Promise<Outcome> {
  const { run, migration, step, ref } = stepRun;
  const { target } = step;
  let seenInvalid: string | undefined;
  let wasTaken = false;
  for (;;) {
    const state = await inspectIndex(run.session, target);
    switch (state.kind) {
      case 'absent': {
        if (state.isTable) await awaitTableLock(stepRun);
        const failure = await build(stepRun);
        if (failure === undefined) return 'done';
        // 42P07: somebody made it since we looked. Once; then it is not the catalog that is wrong.
        if (failure.code !== '42P07' || wasTaken) throw await explain(stepRun, failure);
        wasTaken = true;
        break;
      }
      case 'valid':
        await refuseOther(stepRun, state);
        return 'present';
      case 'taken':
        throw conflict(stepRun, `the name ${target.name} belongs to ${state.by}`);
      case 'building':
        run.emit({
          type: 'index-followed',
          migration: refOf(migration),
          step: ref,
          pid: state.pid,
        });
        await pause(FOLLOW_MS, run.settings.clock, run.signal);
        break;
      case 'invalid':
        // A build reports its end a moment before it commits, and must not be dropped in between.
        if (seenInvalid === state.oid) await dropRemains(stepRun, state);
        else await pause(LOOK_TWICE_MS, run.settings.clock, run.signal);
        seenInvalid = state.oid;
        break;
    }
  }
}

/**
 * Makes sure, with `lock_timeout` and retries, that the lock of the build is to be had. The build
 * itself runs without: its SHARE UPDATE EXCLUSIVE lock holds up no reads and no writes, its later
 * waits for old transactions do not either, and giving up in them would throw away a whole index.
 */
async function awaitTableLock(stepRun: StepRun<IndexStep>): Promise<void> {
  const { run, migration, step } = stepRun;
  const { session, settings, watcher } = run;
  const limit = fileHasSet(stepRun, 'lock_timeout')
    ? ''
    : `; set local lock_timeout = ${settings.lockTimeoutMs}`;
  try {
    await session.query(`begin${limit}`);
    await watcher.during(() =>
      session.query(`lock table ${step.target.table} in share update exclusive mode`),
    );
  } catch (error) {
    // 42501: an owner without write privileges may build indexes all the same.
    if (isServerError(error) && error.code === '42501') return;
    throw isServerError(error) ? failureAround(migration, step.statements[0], error) : error;
  } finally {
    await session.settle('rollback').catch(() => {});
  }
}

/** Gives back the server's error, if any. */
async function build(stepRun: StepRun<IndexStep>): Promise<ServerError | undefined> {
  const { run, migration, step, ref } = stepRun;
  try {
    await withSessionTimeouts(stepRun, { lock_timeout: 0, statement_timeout: 0 }, () =>
      run.watcher.during(
        () => run.session.query(step.target.buildText),
        (progress) => {
          run.emit({ type: 'index-progress', migration: refOf(migration), step: ref, ...progress });
        },
      ),
    );
    return undefined;
  } catch (error) {
    if (isServerError(error)) return error;
    throw error;
  }
}

async function dropRemains(stepRun: StepRun<IndexStep>, found: FoundIndex): Promise<void> {
  const { run, migration, step, ref } = stepRun;
  try {
    await withSessionTimeouts(stepRun, { lock_timeout: 0, statement_timeout: 0 }, () =>
      run.watcher.during(() =>
        run.session.query(`drop index concurrently if exists ${found.index}`),
      ),
    );
  } catch (error) {
    throw isServerError(error) ? failureAround(migration, step.statements[0], error) : error;
  }
  run.tally.recovered.push({ index: step.target.name, file: migration.file });
  run.emit({ type: 'index-recovered', migration: refOf(migration), step: ref });
}

async function refuseOther(stepRun: StepRun<IndexStep>, found: FoundIndex): Promise<void> {
  const { run, migration, step } = stepRun;
  const same = await isSameIndex(run.session, step.target, found, run.settings.lockTimeoutMs).catch(
    (error: unknown) => {
      throw isServerError(error) ? failureAround(migration, step.statements[0], error) : error;
    },
  );
  if (same === true) return;
  const what =
    same === false
      ? `an index ${found.index} with another definition exists`
      : `an index ${found.index} exists, and whether it is this one cannot be told (${same})`;
  throw conflict(stepRun, `${what}: ${found.definition}`);
}

function conflict({ migration, step }: StepRun<IndexStep>, message: string): IndexConflictError {
  return new IndexConflictError(message, factsOf(migration, step.statements[0]), {
    hint: 'Give this index another name, or drop the existing one if nothing needs it.',
  });
}

async function explain(stepRun: StepRun<IndexStep>, error: ServerError): Promise<Error> {
  const { run, migration, step } = stepRun;
  const [statement] = step.statements;
  if (error.code !== '23505') return statementFailure(migration, statement, error);
  const left = await inspectIndex(run.session, step.target);
  const found = 'oid' in left ? await findDuplicates(run.session, left) : undefined;
  const all = found === undefined ? '' : ` All of them: ${found.query}`;
  return new DuplicateRowsError(
    `rows contradict the unique index ${step.target.name}: ${describe(error, found?.samples)}`,
    factsOf(migration, statement),
    {
      sqlstate: error.code,
      hint: `Remove the duplicates and run up again; it drops the unfinished index and builds it anew.${all}`,
      cause: error,
      samples: found?.samples,
    },
  );
}

function describe(error: ServerError, samples: readonly DuplicateSample[] = []): string {
  if (samples.length === 0) return error.detail ?? error.message;
  return samples
    .map(({ key, count }) => {
      const values = Object.values(key).map((value) => value ?? 'null');
      return `(${Object.keys(key).join(', ')})=(${values.join(', ')}) ${count} times`;
    })
    .join('; ');
}
