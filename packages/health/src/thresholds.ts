import { durationMs, type Fault } from '@ops/timeout/options';
import * as z from 'zod';
import { record } from './record.ts';
import type { Status } from './status.ts';

/** Where a value is too high. */
export interface Thresholds {
  readonly warn?: number | undefined;
  readonly fail?: number | undefined;
}

/** A share of what there is, more than 0. */
export const share: z.ZodOptional<z.ZodNumber> = z
  .number('expected a number more than 0 and at most 1')
  .positive('expected a number more than 0 and at most 1')
  .max(1, 'expected a number more than 0 and at most 1')
  .optional();

/** Where `value` stands to its thresholds: reaching one is enough. */
export function judge(value: number, { warn, fail }: Thresholds): Status {
  if (fail !== undefined && value >= fail) return 'fail';
  return warn !== undefined && value >= warn ? 'warn' : 'pass';
}

/** The code that goes with what {@link judge} says. */
export function codeOf(status: Status): 'ok' | 'threshold' {
  return status === 'pass' ? 'ok' : 'threshold';
}

/** The fault when `fail` is reached before `warn`. For numbers and durations; of others the schema speaks. */
export function thresholdFaults(options: unknown, path: readonly string[] = []): Fault[] {
  const { warn, fail } = record(options);
  const [least, most] = [numberOf(warn), numberOf(fail)];
  if (least === undefined || most === undefined || least <= most) return [];
  return [{ path: [...path, 'fail'], message: `expected at least warn, which is ${String(warn)}` }];
}

const number = durationMs({ maxMs: Number.MAX_SAFE_INTEGER });

/** The number, or the milliseconds of a duration. */
export function numberOf(value: unknown): number | undefined {
  return number.safeParse(value).data;
}

/** A share in per cent, for a person. */
export function inPercent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
