import { isWorse, type OutcomeCode, type Status } from './check.ts';
import type { CheckRunner } from './check-runner.ts';

/** One check as it stands. */
export interface CheckState {
  /** After `critical` was applied: the failure of a check that is not critical is a `warn`. */
  readonly status: Status;
  /** What the check itself came to. */
  readonly raw: Status;
  readonly code: OutcomeCode;
  readonly critical: boolean;
  readonly kind: 'component' | 'datastore' | 'system';
  /** Whether an attempt is under way, or overdue and not yet settled. */
  readonly running: boolean;
  /** When the last result was known, by the wall clock. */
  readonly time: Date | undefined;
  /** How long the last attempt took, in milliseconds. */
  readonly durationMs: number | undefined;
  readonly value: number | string | boolean | undefined;
  readonly unit: string | undefined;
  /** Why it does not pass: redacted, up to 512 bytes. Not for the public. */
  readonly message: string | undefined;
}

/** A group as it stands, in the order in which its checks were named. */
export interface HealthReport<Name extends string = string> {
  readonly group: string;
  /** The worst status of its checks; `pass` when it has none. */
  readonly status: Status;
  /** Code of the first of the worst checks, or `shutting_down`. */
  readonly code: OutcomeCode;
  /** When the report was made. */
  readonly time: Date;
  readonly checks: Readonly<Record<Name, CheckState>>;
}

/** A status and its reason. */
export interface Standing {
  readonly status: Status;
  readonly code: OutcomeCode;
}

const HEALTHY: Standing = { status: 'pass', code: 'ok' };

/** How one check counts in one group. */
export function standingOf(runner: CheckRunner, group: string): Standing {
  const { status, code } = runner.state();
  // Not having been asked yet is no reason to restart a process.
  if (code === 'not_run' && group === 'live') return HEALTHY;
  return { status: shown(status, runner.settings.critical), code };
}

/** The worst of several, the first of equals. */
export function worstOf(standings: readonly Standing[]): Standing {
  return standings.reduce(
    (worst, next) => (isWorse(next.status, worst.status) ? next : worst),
    HEALTHY,
  );
}

export function checkState(runner: CheckRunner, group: string): CheckState {
  const { value, unit, message, running, time, durationMs, status: raw } = runner.state();
  const { critical, kind } = runner.settings;
  const { status, code } = standingOf(runner, group);
  return { status, raw, code, critical, kind, running, time, durationMs, value, unit, message };
}

function shown(status: Status, critical: boolean): Status {
  return status === 'fail' && !critical ? 'warn' : status;
}
