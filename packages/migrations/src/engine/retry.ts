import { isLockTrouble, isServerError } from '../database/client.ts';
import { type Blocker, CodeError, LockTimeoutError, StatementError } from '../errors.ts';
import { refOf } from '../migration.ts';
import { factsOfCode } from './code-failure.ts';
import { pause } from './pause.ts';
import type { StepRun } from './run.ts';

/**
 * Runs one step until it works, at most `attempts` times. Waits between tries are "full jitter":
 * random between 0 and a ceiling that doubles.
 *
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 * @throws LockTimeoutError when the last try met a lock timeout or deadlock, too.
 */
export async function withRetries<T>(
  stepRun: StepRun,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  const { run, migration, ref } = stepRun;
  const { attempts, backoffMs, clock, random } = run.settings;
  const [first, longest] = backoffMs;
  for (let attempt = 1; ; attempt += 1) {
    run.watcher.forget();
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof StatementError || error instanceof CodeError)) throw error;
      if (!isServerError(error.cause) || !isLockTrouble(error.cause)) throw error;
      if (attempt >= attempts) throw givingUp(stepRun, error);
      const delayMs = random() * Math.min(longest, first * 2 ** (attempt - 1));
      run.tally.retried += 1;
      run.emit({
        type: 'retry',
        migration: refOf(migration),
        step: ref,
        attempt,
        attempts,
        sqlstate: String(error.sqlstate),
        delayMs,
        blockers: run.watcher.blockers,
      });
      await pause(delayMs, clock, run.signal);
    }
  }
}

function givingUp(
  { run, migration, ref }: StepRun,
  error: StatementError | CodeError,
): LockTimeoutError {
  const { attempts, lockTimeoutMs } = run.settings;
  const { blockers } = run.watcher;
  const seen =
    blockers.length > 0 ? ` Last seen in the way: ${blockers.map(describe).join('; ')}` : '';
  const what =
    error.sqlstate === '55P03'
      ? `no lock within ${lockTimeoutMs} ms`
      : 'a deadlock with another session';
  const facts = error instanceof CodeError ? factsOfCode(migration, ref) : error;
  return new LockTimeoutError(`${what}, in each of ${attempts} attempts.${seen}`, facts, {
    sqlstate: error.sqlstate,
    hint: 'Nothing of this step remains. Run up again at a quieter time, end the session in the way, or raise retry.attempts.',
    cause: error,
    blockers,
  });
}

function describe({ pid, applicationName, query, ageMs }: Blocker): string {
  const age = ageMs === undefined ? '' : `, for ${Math.round(ageMs)} ms`;
  return `pid ${pid} (${applicationName ?? 'no name'}${age}): ${query ?? 'query not to be seen'}`;
}
