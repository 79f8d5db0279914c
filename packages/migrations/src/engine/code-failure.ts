import { inspect } from 'node:util';
import type { ServerError } from '../database/client.ts';
import { CodeError, MigrationError, type StatementFacts } from '../errors.ts';
import type { StepRef } from '../events.ts';
import { type Migration, refOf } from '../migration.ts';
import { excerptAt } from '../sql/position.ts';
import type { StepRun } from './run.ts';

/** The place of a step without statements: its module, the number of the step for a statement's. */
export function factsOfCode({ file, text }: Migration, ref: StepRef): StatementFacts {
  const { number, count } = ref;
  const excerpt = excerptAt(text, 0);
  return { file, line: 1, column: 1, excerpt, statement: number, statementCount: count };
}

/** What a step without statements has failed with. */
export function codeFailure(
  { migration, ref }: StepRun,
  cause: unknown,
  message: string = messageOf(cause),
): CodeError {
  const { code } = Object(cause) as Partial<ServerError>;
  return new CodeError(message, {
    migration: refOf(migration),
    step: ref.number,
    stepCount: ref.count,
    sqlstate: typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) ? code : undefined,
    cause,
  });
}

/** A function may throw anything. */
function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : inspect(cause);
}

/** What a step without statements threw, unless that came of an abort or of a lost connection. */
export function asCodeFailure(stepRun: StepRun, error: unknown): unknown {
  const { signal } = stepRun.run;
  if (signal?.aborted === true) return signal.reason;
  return error instanceof MigrationError ? error : codeFailure(stepRun, error);
}
