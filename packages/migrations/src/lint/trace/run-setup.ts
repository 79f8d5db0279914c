import { InvalidOptionsError } from '@ops/timeout';
import { isServerError, type TraceDatabase } from './database.ts';

/**
 * Runs what the caller of `trace` says is there before the files.
 *
 * @throws InvalidOptionsError when the server refuses one of the texts.
 */
export async function runSetup(database: TraceDatabase, setup: readonly string[]): Promise<void> {
  for (const [at, sql] of setup.entries()) {
    try {
      await database.run(sql);
    } catch (error) {
      if (!isServerError(error)) throw error;
      const message = `trace: setup[${at}] failed: ${error.message} (SQLSTATE ${error.code})`;
      throw new InvalidOptionsError(message, { cause: error });
    }
  }
}
