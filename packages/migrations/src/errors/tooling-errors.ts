import { MigrationError } from './migration-error.ts';

/** An optional package that the call needs cannot be loaded. From `lint`. */
export class MissingPeerError extends MigrationError {
  override readonly name = 'MissingPeerError';
  readonly code = 'ERR_OPS_MIGRATION_PEER';
  /** Its name on npm. */
  readonly peer: string;

  /** @param range that works, for the hint. */
  constructor(peer: string, range: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException;
    super(
      `The package ${peer} cannot be loaded (${code ?? message.split('\n', 1)[0]})`,
      `It is an optional peer: npm install --save-dev ${peer}@${range}`,
      { cause },
    );
    this.peer = peer;
  }
}

/** `advise` was asked for a method that this database does not have. Nothing was measured. */
export class AdviceMethodError extends MigrationError {
  override readonly name = 'AdviceMethodError';
  readonly code = 'ERR_OPS_MIGRATION_ADVICE_METHOD';
  readonly method: 'hypothetical' | 'build';

  constructor(method: 'hypothetical' | 'build', message: string, hint: string) {
    super(message, hint);
    this.method = method;
  }
}
