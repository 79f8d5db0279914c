import { UsageError } from './usage-error.ts';

/** What the program ends with. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  pending: 3,
  drift: 4,
  lock: 5,
  lint: 6,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  ERR_OPS_INVALID_OPTIONS: EXIT.usage,
  ERR_OPS_MIGRATION_PEER: EXIT.usage,
  ERR_OPS_MIGRATION_PENDING: EXIT.pending,
  ERR_OPS_MIGRATION_HALF_APPLIED: EXIT.pending,
  ERR_OPS_MIGRATION_DRIFT: EXIT.drift,
  ERR_OPS_MIGRATION_INVALID_INDEX: EXIT.drift,
  ERR_OPS_MIGRATION_MISSING_FILE: EXIT.drift,
  ERR_OPS_MIGRATION_ORDER: EXIT.drift,
  ERR_OPS_MIGRATION_HALF_REVERTED: EXIT.drift,
  ERR_OPS_MIGRATION_STALE_PLAN: EXIT.drift,
  ERR_OPS_MIGRATION_LOCK_WAIT: EXIT.lock,
  ERR_OPS_MIGRATION_LOCK_TIMEOUT: EXIT.lock,
};

/**
 * By the error's code, not its class: a migration module may have brought a second copy of this package.
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || isPgMissing(error)) return EXIT.usage;
  const code = codeOf(error);
  return (code === undefined ? undefined : BY_CODE[code]) ?? EXIT.failed;
}

/** Of several problems: drift or order if any is that, otherwise that of the first. */
export function exitCodeOfAll(problems: readonly unknown[]): number {
  const codes = problems.map(exitCodeOf);
  return codes.includes(EXIT.drift) ? EXIT.drift : (codes[0] ?? EXIT.ok);
}

/** The code that a program ends with by a signal's name, as a shell has it. */
export function exitCodeOfSignal(name: 'SIGINT' | 'SIGTERM'): number {
  return name === 'SIGINT' ? 130 : 143;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The connection is by URL, and the package that would open it is not installed. */
function isPgMissing(error: unknown): boolean {
  if (codeOf(error) !== 'ERR_OPS_MIGRATION_CONNECTION') return false;
  const { cause } = error as Error;
  return cause instanceof Error && codeOf(cause.cause) === 'ERR_MODULE_NOT_FOUND';
}
