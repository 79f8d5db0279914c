import { type Finding, readFinding } from './finding.ts';
import type { Redactor } from './redact.ts';
import { OUTCOME_CODES, type OutcomeCode, type Status } from './status.ts';

/** What a check may return instead of nothing. Any other key makes the result invalid, a fail. */
export interface Measurement {
  /** @default 'pass' */
  readonly status?: Status | undefined;
  /**
   * What was measured, as `utilization`, `responseTime`, `connections` or `uptime` (names of the
   * health+json draft): letters, digits, `_`, `.` and `-`, no colon. Of several measurements each
   * has another, and one may have none.
   */
  readonly measurement?: string | undefined;
  /** The value. Strings of up to 512 characters; numbers must be finite. Authorised readers only. */
  readonly value?: number | string | boolean | undefined;
  /** Unit of `value`, up to 64 characters, as `ms` or `bytes`. */
  readonly unit?: string | undefined;
  /** Default: `ok` on pass, `threshold` on warn, `error` on fail. `ok` goes with pass and only with it. */
  readonly code?: OutcomeCode | undefined;
  /** Why, in words. Redacted and cut to 512 bytes; authorised readers only. */
  readonly message?: string | undefined;
  /** What is to be put right; 100 at most. Redacted and cut; authorised readers only. */
  readonly findings?: readonly Finding[] | undefined;
}

/** A measurement understood, and free of secrets. */
export interface MeasurementReading {
  readonly measurement: string | undefined;
  readonly status: Status;
  readonly code: OutcomeCode;
  readonly value: number | string | boolean | undefined;
  readonly unit: string | undefined;
  readonly message: string | undefined;
  readonly findings: readonly Finding[];
}

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const LONGEST_VALUE = 512;
const LONGEST_UNIT = 64;
const LONGEST_MESSAGE = 100_000;
const MOST_FINDINGS = 100;
const DEFAULT_CODE = { pass: 'ok', warn: 'threshold', fail: 'error' } as const;

/** A measurement, or what is wrong with it. Throws when it has a getter, or a trap, that throws. */
export function readMeasurement(given: unknown, redact: Redactor): MeasurementReading | string {
  if (typeof given !== 'object' || given === null) return `got ${kindOf(given)}`;
  // A fetch's Response, a Map: without keys of their own they would look like {}, a pass.
  if (!isPlain(given)) return 'got an object that is not a plain one';
  // Each property is read once: a getter may answer differently the second time.
  const copy: Record<string, unknown> = { ...given };
  const fault = faultOf(copy);
  if (fault !== undefined) return fault;
  const findings = readFindings(copy['findings'], redact);
  if (typeof findings === 'string') return findings;
  const { status = 'pass', measurement, code, value, unit, message } = copy as Measurement;
  return Object.freeze({
    measurement,
    status,
    code: code ?? DEFAULT_CODE[status],
    value: typeof value === 'string' ? redact(value) : value,
    unit: unit && redact(unit),
    message: message && redact(message),
    findings: Object.freeze(findings),
  });
}

/** Of whatever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function faultOf(copy: Record<string, unknown>): string | undefined {
  const { status = 'pass', measurement, value, unit, code, message, findings: _, ...rest } = copy;
  if (Object.keys(rest).length > 0) return 'it has a key that is not known';
  if (status !== 'pass' && status !== 'warn' && status !== 'fail') return 'its status is not known';
  if (code !== undefined) {
    if (!OUTCOME_CODES.includes(code as OutcomeCode)) return 'its code is not known';
    if ((code === 'ok') !== (status === 'pass')) return 'its code contradicts its status';
  }
  if (measurement !== undefined && !(typeof measurement === 'string' && NAME.test(measurement))) {
    return 'its measurement is not a name of letters, digits, _, . and -';
  }
  if (!isValue(value)) return 'its value is not a finite number, boolean or short string';
  if (!isText(unit, LONGEST_UNIT)) return 'its unit is not a short string';
  if (!isText(message, LONGEST_MESSAGE)) return 'its message is not a string, or a huge one';
  return undefined;
}

function readFindings(given: unknown, redact: Redactor): readonly Finding[] | string {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > MOST_FINDINGS) {
    return `its findings are not an array of ${MOST_FINDINGS} at most`;
  }
  const findings: Finding[] = [];
  for (const one of given) {
    const finding = readFinding(one, redact);
    if (typeof finding === 'string') return finding;
    findings.push(finding);
  }
  return findings;
}

function isValue(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'boolean' || isText(value, LONGEST_VALUE);
}

function isText(value: unknown, longest: number): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= longest);
}

/** What kind of value it is, without a word of it. */
export function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
