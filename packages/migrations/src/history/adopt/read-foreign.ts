import { isServerError } from '../../database/client.ts';
import type { Session } from '../../database/session.ts';
import { AdoptError } from '../../errors.ts';
import { adoptProblem } from './adopt-problem.ts';
import { findTable, type TablePlace } from './find-table.ts';
import type { ForeignHistory, ForeignTable, Tool } from './tool.ts';

/** What a tool's table says, and which table that is. */
export interface ReadHistory {
  readonly history: ForeignHistory;
  /** Schema and name, for people. */
  readonly label: string;
}

/**
 * Reads a tool's table in a transaction that cannot write, each statement under a limit of 10 s.
 *
 * @throws AdoptError when it is not there or cannot be read.
 */
export async function readForeign(
  session: Session,
  tool: Tool,
  place: TablePlace,
): Promise<ReadHistory> {
  let table: ForeignTable | undefined;
  try {
    // Row security would hide rows without a word; turned off, it is an error to be subject to it.
    await session.query(
      'begin transaction read only; set local statement_timeout = 10000; set local row_security = off',
    );
    table = await findTable(session.query, tool, place);
    const history = await tool.read(table);
    await session.query('commit');
    return { history, label: labelOf(table) };
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    throw isServerError(error) ? unreadable(tool, table, error) : error;
  }
}

function unreadable({ name }: Tool, table: ForeignTable | undefined, cause: Error): AdoptError {
  const message = `the table cannot be read: ${cause.message}`;
  const hint = 'Check that this database user may read it, and that it is the table of this tool.';
  return new AdoptError(
    { tool: name, table: table && labelOf(table) },
    [adoptProblem('table', { message, hint })],
    { cause },
  );
}

function labelOf({ schema, table }: ForeignTable): string {
  return `${schema}.${table}`;
}
