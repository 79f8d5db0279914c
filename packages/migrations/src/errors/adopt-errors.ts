import { MigrationError } from './migration-error.ts';

/** What keeps a migration of another tool, or its whole history, from being taken over. */
export interface AdoptProblem {
  /**
   * `table`: the tool's table is not there, or not to be read. `history`: ours has other migrations
   * already. `unfinished`: the tool holds it for failed or running. `unnamed`: no version can be told.
   * `missing-file`: there is no file. `drift`: the file says something else than what was applied.
   */
  readonly kind: 'table' | 'history' | 'unfinished' | 'unnamed' | 'missing-file' | 'drift';
  /** The migration as the tool names it. Undefined when none in particular is meant. */
  readonly row: string | undefined;
  readonly file: string | undefined;
  /** Where file and recorded statements part. Undefined when only a checksum tells. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
  readonly hint: string;
}

/** Another tool's history cannot be taken over. Carries all problems; nothing was written. */
export class AdoptError extends MigrationError {
  override readonly name = 'AdoptError';
  readonly code = 'ERR_OPS_MIGRATION_ADOPT';
  /** As passed to `adopt`. */
  readonly tool: string;
  /** Schema and name of the tool's table. Undefined when it was not found. */
  readonly table: string | undefined;
  readonly problems: readonly AdoptProblem[];

  constructor(
    { tool, table }: { readonly tool: string; readonly table: string | undefined },
    problems: readonly AdoptProblem[],
    options?: ErrorOptions,
  ) {
    const lines = problems.map(({ row, file, line, column, message, hint }) => {
      const place = file !== undefined && line !== undefined ? `${file}:${line}:${column}` : file;
      const subject = [row, place].filter((part) => part !== undefined).join(', ');
      return `- ${subject === '' ? '' : `${subject}: `}${message}\n  ${hint}`;
    });
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const where = table === undefined ? '' : ` in ${table}`;
    super(
      `${count} with the history of ${tool}${where}; nothing was written\n${lines.join('\n')}`,
      undefined,
      options,
    );
    this.tool = tool;
    this.table = table;
    this.problems = problems;
  }
}
