/**
 * An archive did not take a batch, or not in time. The batch was rolled back, so its rows are where
 * they were; what was written of it is garbage, which the next run removes. Found as the cause of a
 * policy's `PolicyFailedError`.
 */
export class ArchiveWriteError extends Error {
  override readonly name = 'ArchiveWriteError';
  readonly code = 'ERR_OPS_CLEANUP_ARCHIVE_WRITE';
  /** Where it was written to: a directory, a table, or the name of a sink. */
  readonly archive: string;

  constructor(archive: string, message: string, options?: ErrorOptions) {
    super(`The archive ${archive} did not take the rows: ${message}`, options);
    this.archive = archive;
  }
}

/** A piece of an archive that is not what the manifest says. */
export interface ArchiveDamage {
  readonly uri: string;
  /** In bytes, where the piece begins. */
  readonly offset: number;
  /** What is wrong, with what was expected and what was found. */
  readonly problem: string;
}

/** Archived files are missing or were changed. Nothing was restored. */
export class ArchiveDamagedError extends Error {
  override readonly name = 'ArchiveDamagedError';
  readonly code = 'ERR_OPS_CLEANUP_ARCHIVE_DAMAGED';
  readonly runId: string;
  readonly damages: readonly ArchiveDamage[];

  constructor(runId: string, damages: readonly ArchiveDamage[]) {
    const shown = damages
      .slice(0, 5)
      .map(({ uri, offset, problem }) => `${uri} at byte ${offset}: ${problem}`);
    const more = damages.length > shown.length ? `; and ${damages.length - shown.length} more` : '';
    super(
      `${damages.length} pieces of the archive of run ${runId} are damaged, and nothing was restored: ${shown.join('; ')}${more}`,
    );
    this.runId = runId;
    this.damages = damages;
  }
}

/** The archived rows do not fit where they would go. Nothing was restored. */
export class RestoreRefusedError extends Error {
  override readonly name = 'RestoreRefusedError';
  readonly code = 'ERR_OPS_CLEANUP_RESTORE_REFUSED';
  readonly runId: string;
  /** All of them, each with what to do. */
  readonly problems: readonly string[];

  constructor(runId: string, problems: readonly string[]) {
    super(`Run ${runId} cannot be restored: ${problems.join('; ')}`);
    this.runId = runId;
    this.problems = problems;
  }
}
