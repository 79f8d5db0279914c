import { classifyError, read, systemCodeOf } from './classify-error.ts';
import { kindOf, type MeasurementReading, readMeasurement } from './measurement.ts';
import type { Redactor } from './redact.ts';
import { type Standing, worstOf } from './status.ts';

/** What one attempt came to, understood and free of secrets. The thrown value itself is not kept. */
export interface Reading extends Standing {
  readonly message?: string | undefined;
  /** None when nothing was returned, or nothing that can be understood. */
  readonly measurements: readonly MeasurementReading[];
}

const MOST_MEASUREMENTS = 32;

/** Reads what a check returned. What cannot be understood is a fail, never a pass. */
export function readOutcome(outcome: unknown, redact: Redactor): Reading {
  if (outcome === undefined) return { status: 'pass', code: 'ok', measurements: [] };
  try {
    return readMeasurements(Array.isArray(outcome) ? outcome : [outcome], redact);
  } catch {
    // A getter, or a proxy's trap, threw.
    return invalid('it cannot be read');
  }
}

/** Reads what a check threw, or rejected with: any value at all. */
export function readFailure(thrown: unknown, redact: Redactor): Reading {
  try {
    const message = redact(messageOf(thrown));
    return { status: 'fail', code: classifyError(thrown), message, measurements: [] };
  } catch {
    const message = 'what was thrown cannot be read';
    return { status: 'fail', code: 'error', message, measurements: [] };
  }
}

function readMeasurements(given: readonly unknown[], redact: Redactor): Reading {
  if (given.length === 0) return invalid('got an empty array');
  if (given.length > MOST_MEASUREMENTS) return invalid(`got more than ${MOST_MEASUREMENTS}`);
  const measurements: MeasurementReading[] = [];
  const names = new Set<string | undefined>();
  for (const one of given) {
    const measured = readMeasurement(one, redact);
    if (typeof measured === 'string') return invalid(measured);
    if (names.has(measured.measurement)) return invalid('two have the same measurement');
    names.add(measured.measurement);
    measurements.push(measured);
  }
  const { status, code } = worstOf(measurements);
  // The worst one's words; of a pass, whichever comes first.
  const { message } = measurements.find((one) => one.status === status && one.code === code) ?? {};
  return { status, code, message, measurements: Object.freeze(measurements) };
}

function invalid(fault: string): Reading {
  const expected = 'expected nothing, { status, value, … }, or several of these';
  const message = `${expected}; ${fault}`;
  return { status: 'fail', code: 'invalid_result', message, measurements: [] };
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown !== 'object' || thrown === null) return `${kindOf(thrown)} was thrown`;
  // Only the message: own properties, causes and toString() may hold anything.
  const message = read(thrown, 'message');
  if (typeof message === 'string' && message !== '') return message;
  return systemCodeOf(thrown) ?? 'an error without a message';
}
