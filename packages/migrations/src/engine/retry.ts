import { isLockTrouble, isServerError } from '../database/client.ts';
import { LockTimeoutError, StatementError } from '../errors.ts';
import { refOf } from '../migration.ts';
import { pause } from './pause.ts';
import type { StepRun } from './run.ts';
import { factsOf } from './statement-failure.ts';

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
      if (!(error instanceof StatementError) || !isServerError(error.cause)) throw error;
      if (!isLockTrouble(error.cause)) throw error;
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

function givingUp({ run, migration }: StepRun, error: StatementError): LockTimeoutError {
  const statement = migration.statements[error.statement - 1];
  const facts = statement ? factsOf(migration, statement) : error;
  const { attempts, lockTimeoutMs } = run.settings;
  const blockers = run.watcher.blockers.map(
    ({ pid, applicationName, query }) =>
      `pid ${pid} (${applicationName ?? 'no name'}): ${query ?? '?'}`,
  );
  const seen = blockers.length > 0 ? ` Last seen in the way: ${blockers.join('; ')}` : '';
  const what =
    error.sqlstate === '55P03'
      ? `no lock within ${lockTimeoutMs} ms`
      : 'a deadlock with another session';
  return new LockTimeoutError(`${what}, in each of ${attempts} attempts.${seen}`, facts, {
    sqlstate: error.sqlstate,
    hint: 'Nothing of this step remains. Run up again at a quieter time, end the session in the way, or raise retry.attempts.',
    cause: error,
  });
}
