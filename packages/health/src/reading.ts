import { type Measurement, OUTCOME_CODES, type OutcomeCode, type Status } from './check.ts';
import { classifyError, read, systemCodeOf } from './classify-error.ts';
import type { Redactor } from './redact.ts';

/** What one attempt came to, understood and free of secrets. The thrown value itself is not kept. */
export interface Reading {
  readonly status: Status;
  readonly code: OutcomeCode;
  readonly value?: number | string | boolean | undefined;
  readonly unit?: string | undefined;
  readonly message?: string | undefined;
}

const LONGEST_VALUE = 512;
const LONGEST_UNIT = 64;

/** Reads what a check returned. What cannot be understood is a fail, never a pass. */
export function readOutcome(outcome: unknown, redact: Redactor): Reading {
  if (outcome === undefined) return { status: 'pass', code: 'ok' };
  try {
    if (typeof outcome !== 'object' || outcome === null || Array.isArray(outcome)) {
      return invalid(`got ${Array.isArray(outcome) ? 'an array' : kindOf(outcome)}`);
    }
    // Each property is read once: a getter may answer differently the second time.
    const copy: Record<string, unknown> = { ...outcome };
    const fault = faultOf(copy);
    return fault === undefined ? measured(copy, redact) : invalid(fault);
  } catch {
    // A getter, or a proxy's trap, threw.
    return invalid('it cannot be read');
  }
}

/** Reads what a check threw, or rejected with: any value at all. */
export function readFailure(thrown: unknown, redact: Redactor): Reading {
  try {
    return { status: 'fail', code: classifyError(thrown), message: redact(messageOf(thrown)) };
  } catch {
    return { status: 'fail', code: 'error', message: 'what was thrown cannot be read' };
  }
}

function faultOf({
  status = 'pass',
  value,
  unit,
  code,
  ...rest
}: Record<string, unknown>): string | undefined {
  if (Object.keys(rest).length > 0) return 'it has a key that is not known';
  if (status !== 'pass' && status !== 'warn' && status !== 'fail') return 'its status is not known';
  if (code !== undefined) {
    if (!OUTCOME_CODES.includes(code as OutcomeCode)) return 'its code is not known';
    if ((code === 'ok') !== (status === 'pass')) return 'its code contradicts its status';
  }
  if (!isValue(value)) return 'its value is not a finite number, boolean or short string';
  if (unit !== undefined && !isText(unit, LONGEST_UNIT)) return 'its unit is not a short string';
  return undefined;
}

function isValue(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === undefined || typeof value === 'boolean' || isText(value, LONGEST_VALUE);
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value.length <= longest;
}

const DEFAULT_CODE = { pass: 'ok', warn: 'threshold', fail: 'error' } as const;

function measured(measurement: Measurement, redact: Redactor): Reading {
  const { status = 'pass', value, unit } = measurement;
  return {
    status,
    code: measurement.code ?? DEFAULT_CODE[status],
    value: typeof value === 'string' ? redact(value) : value,
    unit: unit === undefined ? undefined : redact(unit),
  };
}

function invalid(fault: string): Reading {
  const expected = 'expected nothing or { status, value, unit, code }';
  return { status: 'fail', code: 'invalid_result', message: `${expected}; ${fault}` };
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown !== 'object' || thrown === null) return `${kindOf(thrown)} was thrown`;
  // Only the message: own properties, causes and toString() may hold anything.
  const message = read(thrown, 'message');
  if (typeof message === 'string' && message !== '') return message;
  return systemCodeOf(thrown) ?? 'an error without a message';
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
