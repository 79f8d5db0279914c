import { MigrationError } from './migration-error.ts';

/** One thing wrong with the files, before any database is asked. */
export interface FileProblem {
  readonly file: string;
  /** Undefined when the file or folder as a whole is meant. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
  readonly hint: string;
}

/** Files cannot be used. Carries all problems of all files; nothing was run. */
export class SourceError extends MigrationError {
  override readonly name = 'SourceError';
  readonly code = 'ERR_OPS_MIGRATION_SOURCE';
  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[]) {
    const lines = problems.map(({ file, line, column, message, hint }) => {
      const place = line === undefined ? file : `${file}:${line}:${column}`;
      return `- ${place}: ${message}\n  ${hint}`;
    });
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${count} in the migration files; nothing was run\n${lines.join('\n')}`);
    this.problems = problems;
  }
}
