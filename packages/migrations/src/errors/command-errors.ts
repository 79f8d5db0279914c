import { labelOf, listOf, MigrationError, type MigrationRef } from './migration-error.ts';

/** What was decided on before the lock was held is not what there is under it. Nothing was run. */
export class StalePlanError extends MigrationError {
  override readonly name = 'StalePlanError';
  readonly code = 'ERR_OPS_MIGRATION_STALE_PLAN';
  /** A sentence for each difference, without a full stop. */
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(
      `What was planned no longer fits; nothing was run\n${lines(differences)}`,
      'Call plan() again, look at it, and pass the new one. After down: call it again.',
    );
    this.differences = differences;
  }
}

/** A migration that cannot be taken back, and why. */
export interface IrreversibleFile extends MigrationRef {
  readonly reason: string;
}

/** What `down` was asked to take back cannot all be taken back. Nothing was run. */
export class IrreversibleError extends MigrationError {
  override readonly name = 'IrreversibleError';
  readonly code = 'ERR_OPS_MIGRATION_IRREVERSIBLE';
  readonly files: readonly IrreversibleFile[];

  constructor(files: readonly IrreversibleFile[]) {
    const reasons = files.map((file) => `${labelOf(file)}: ${file.reason}`);
    super(
      `${listOf(files)} cannot be taken back; nothing was run\n${lines(reasons)}`,
      'Write what takes it back: <version>_<name>.down.sql beside the file, a section -- ops: down at its end, or down in a module. Or go forward with a new migration.',
    );
    this.files = files;
  }
}

/** `repair` was asked for something that would make the history wrong. Nothing was done. */
export class RepairError extends MigrationError {
  override readonly name = 'RepairError';
  readonly code = 'ERR_OPS_MIGRATION_REPAIR';
  /** A sentence for each refusal, without a full stop. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The history cannot be repaired this way; nothing was done\n${lines(problems)}`,
      'status() lists what is applied, and verify() what is wrong.',
    );
    this.problems = problems;
  }
}

function lines(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${sentence}`).join('\n');
}
