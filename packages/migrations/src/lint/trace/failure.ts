import type { FileProblem } from '../../errors.ts';
import type { Migration } from '../../migration.ts';
import { excerptAt, offsetOfCharacter } from '../../sql/position.ts';
import type { Statement } from '../../sql/split.ts';
import type { TextMap } from '../text-map.ts';
import { isServerError } from './database.ts';
import type { TraceFailure } from './report.ts';

/** A statement that the server refused, at the place that the server names. */
export function failureOf(
  { file, text, statements }: Migration,
  map: TextMap,
  statement: Statement,
  error: unknown,
): TraceFailure {
  const server = isServerError(error) ? error : undefined;
  const position = Number(server?.position ?? 0);
  const within = position > 0 ? offsetOfCharacter(statement.text, position) : 0;
  const offset = statement.start + within;
  return {
    file,
    ...map.positionOf(offset),
    statement: statements.indexOf(statement) + 1,
    statementCount: statements.length,
    sqlstate: server?.code,
    message: error instanceof Error ? error.message : String(error),
    hint: server?.hint,
    excerpt: excerptAt(text, offset),
  };
}

/** A file that never got as far as the database. */
export function unreadableFile({ file, line, column, message, hint }: FileProblem): TraceFailure {
  return {
    file,
    line,
    column,
    statement: undefined,
    statementCount: undefined,
    sqlstate: undefined,
    message,
    hint,
    excerpt: undefined,
  };
}
