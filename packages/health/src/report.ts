import type { ResultTotals } from './check-record.ts';
import type { CheckRunner } from './check-runner.ts';
import type { Finding } from './finding.ts';
import type { Sample } from './history.ts';
import type { MeasurementReading } from './measurement.ts';
import { HEALTHY, isWorse, type OutcomeCode, type Standing, type Status } from './status.ts';

/** One measurement of a check. */
export interface MeasurementState {
  /** Its name; `undefined` for the only one without. */
  readonly measurement: string | undefined;
  /** After damping and `critical` of its check were applied. */
  readonly status: Status;
  /** What it came to. */
  readonly raw: Status;
  readonly code: OutcomeCode;
  readonly value: number | string | boolean | undefined;
  readonly unit: string | undefined;
  /** Redacted, up to 512 bytes. Not for the public. */
  readonly message: string | undefined;
  /** Redacted. Not for the public. */
  readonly findings: readonly Finding[];
}

/** One check as it stands. */
export interface CheckState {
  /**
   * After damping and `critical` were applied: between the first contrary result and the one that
   * counts it is `warn`, and the failure of a check that is not critical is a `warn`.
   */
  readonly status: Status;
  /** What the check itself came to. */
  readonly raw: Status;
  /** Of `raw`; a `warn` with `ok` is one that is not yet believed to have recovered. */
  readonly code: OutcomeCode;
  readonly critical: boolean;
  readonly kind: 'component' | 'datastore' | 'system';
  readonly id: string | undefined;
  readonly affects: readonly string[];
  /** Whether an attempt is under way, or overdue and not yet settled. */
  readonly running: boolean;
  /** Whether the last result is older than `maxStale`, and so not shown. */
  readonly stale: boolean;
  /** When the last result was known, by the wall clock. */
  readonly time: Date | undefined;
  /** How long the last attempt took, in milliseconds; at a `timeout`, how long it had been running. */
  readonly durationMs: number | undefined;
  /** Since when it shows its status, by the wall clock; before the first result, since it was made. */
  readonly since: Date;
  /** Failed results in a row, before damping; 0 or more. */
  readonly consecutiveFailures: number;
  /** Other results in a row, before damping. */
  readonly consecutivePasses: number;
  /** Of the first measurement. */
  readonly value: number | string | boolean | undefined;
  /** Of the first measurement. */
  readonly unit: string | undefined;
  /** What was thrown, or the worst measurement says: redacted, up to 512 bytes. Not for the public. */
  readonly message: string | undefined;
  readonly measurements: readonly MeasurementState[];
  /** Attempts that gave a result, by `raw`. */
  readonly totals: ResultTotals;
  /** When a result was `pass`, before damping. */
  readonly lastPass: Date | undefined;
  /** What it showed in the last 24 hours, oldest first. */
  readonly history: readonly Sample[];
}

/** A group as it stands, in the order in which its checks were named. A snapshot: it does not change. */
export interface HealthReport<Name extends string = string> {
  readonly group: string;
  /** The worst status of its checks; `pass` when it has none. */
  readonly status: Status;
  /** Code of the first of the worst checks, or `shutting_down`, or `fatal`. */
  readonly code: OutcomeCode;
  /** What `fatal()` was told, redacted, in the groups that it fails. Not for the public. */
  readonly reason: string | undefined;
  /** When the report was made. */
  readonly time: Date;
  /** The same while no status and no code of any check or group has changed. */
  readonly version: number;
  readonly checks: Readonly<Record<Name, CheckState>>;
}

/** How one check counts in one group. */
export function standingOf(runner: CheckRunner, group: string): Standing {
  // Not having been asked yet is no reason to restart a process.
  if (group === 'live' && runner.record.latest === undefined) return HEALTHY;
  return runner.standing();
}

export function checkState(runner: CheckRunner, group: string): CheckState {
  const { record, settings } = runner;
  const { critical, kind, id, affects } = settings;
  const stale = runner.isStale();
  const { status: raw, message, measurements } = runner.reading();
  const { status, code } = standingOf(runner, group);
  return Object.freeze({
    status,
    raw,
    code,
    critical,
    kind,
    id,
    affects,
    stale,
    message,
    running: runner.isRunning(),
    time: record.latest?.time,
    durationMs: stale ? undefined : record.latest?.durationMs,
    since: record.since(stale),
    consecutiveFailures: record.consecutiveFailures,
    consecutivePasses: record.consecutivePasses,
    value: measurements[0]?.value,
    unit: measurements[0]?.unit,
    measurements: Object.freeze(measurements.map((one) => shownAs(one, raw, status))),
    totals: Object.freeze(record.totals),
    lastPass: record.lastPass,
    history: record.history(),
  });
}

/** The ones that made the check what it is show what it shows; the others are no worse than it. */
function shownAs(one: MeasurementReading, raw: Status, shown: Status): MeasurementState {
  const isDeciding = one.status === raw || isWorse(one.status, shown);
  return Object.freeze({ ...one, status: isDeciding ? shown : one.status, raw: one.status });
}
