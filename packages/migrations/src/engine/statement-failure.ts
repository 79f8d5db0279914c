import type { ServerError } from '../database/client.ts';
import { type CodeError, StatementError, type StatementFacts } from '../errors.ts';
import type { Migration } from '../migration.ts';
import { excerptAt, offsetOfCharacter, positionOf } from '../sql/position.ts';
import type { Statement } from '../sql/split.ts';
import { codeFailure } from './code-failure.ts';
import type { StepRun } from './run.ts';

/** Advice where the server's own hint is missing. */
const HINTS: Readonly<Record<string, string>> = {
  '2D000':
    'What commits cannot run in a transaction. Put -- ops: no-transaction into the file, so that each statement runs alone.',
  '55P04':
    'A new enum value can be used only after the transaction that added it. Use it in a later file.',
  '57014': 'It was cancelled: by statement_timeout or by somebody with pg_cancel_backend.',
};

/** Where a statement is, for an error about all of it. */
export function factsOf(
  migration: Migration,
  statement: Statement,
  offset: number = statement.start,
): StatementFacts {
  return {
    file: migration.file,
    ...positionOf(migration.text, offset),
    excerpt: excerptAt(migration.text, offset),
    statement: migration.statements.indexOf(statement) + 1,
    statementCount: migration.statements.length,
  };
}

/**
 * The server's error with its place in the file.
 *
 * @param offset where in the statement (UTF-16 units); by default as the error says.
 */
export function statementFailure(
  migration: Migration,
  statement: Statement,
  error: ServerError,
  offset: number | undefined = offsetIn(statement, error),
): StatementError {
  const at = offset === undefined ? undefined : statement.start + offset;
  const detail = error.detail === undefined ? '' : ` ${error.detail}`;
  return new StatementError(`${error.message}${detail}`, factsOf(migration, statement, at), {
    sqlstate: error.code,
    hint: error.hint ?? HINTS[error.code],
    cause: error,
  });
}

/** The same for a statement of ours that served this one: the server's position is not in the file. */
export function failureAround(
  migration: Migration,
  statement: Statement,
  error: ServerError,
): StatementError {
  return new StatementError(error.message, factsOf(migration, statement), {
    sqlstate: error.code,
    hint: error.hint,
    cause: error,
  });
}

/** A server's error that belongs to a step, not to one statement of it: placed at the last one. */
export function stepFailure(
  stepRun: StepRun,
  message: string,
  error: ServerError,
): StatementError | CodeError {
  const { migration, step } = stepRun;
  const last = step.statements.at(-1);
  if (last === undefined) return codeFailure(stepRun, error, message);
  return new StatementError(message, factsOf(migration, last), {
    sqlstate: error.code,
    hint: error.hint ?? HINTS[error.code],
    cause: error,
  });
}

/**
 * For a transaction that was sent as a whole. It is not repeated to see which statement was running:
 * somebody wants it to stop, or it takes too long.
 */
export function cancelledFailure(stepRun: StepRun, error: ServerError): Error {
  const others = stepRun.step.statements.length - 1;
  const where = others > 0 ? `, in this statement or one of the ${others} before it` : '';
  return stepFailure(stepRun, `${error.message}${where}`, error);
}

function offsetIn(statement: Statement, { position }: ServerError): number | undefined {
  const character = Number(position ?? 0);
  return character > 0 ? offsetOfCharacter(statement.text, character) : undefined;
}
