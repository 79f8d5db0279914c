import type { ServerError } from '../database/client.ts';
import { StatementError, type StatementFacts } from '../errors.ts';
import type { Migration } from '../migration.ts';
import { excerptAt, offsetOfCharacter, positionOf } from '../sql/position.ts';
import type { Statement } from '../sql/split.ts';

/** Advice where the server's own hint is missing. */
const HINTS: Readonly<Record<string, string>> = {
  '2D000':
    'A procedure that commits cannot be called in a transaction. Call it from a block that commits: do $$ begin call …; commit; end $$;',
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

/** The server's error with its place in the file. */
export function statementFailure(
  migration: Migration,
  statement: Statement,
  error: ServerError,
): StatementError {
  const character = Number(error.position ?? 0);
  const offset =
    character > 0 ? statement.start + offsetOfCharacter(statement.text, character) : undefined;
  const detail = error.detail === undefined ? '' : ` ${error.detail}`;
  return new StatementError(`${error.message}${detail}`, factsOf(migration, statement, offset), {
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
