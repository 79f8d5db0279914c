import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';

/** Options of `cleanup.doctor()`. */
export interface DoctorOptions {
  /** Names of the policies to look at. Default: all of them. */
  readonly policies?: readonly string[] | undefined;
  /** Rejects with its reason, between two examinations. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES = 'expected names of policies';
const schema = z.strictObject({
  policies: z.array(z.string(NAMES), NAMES).optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
} satisfies Shape<DoctorOptions>);

/** @throws InvalidOptionsError */
export function parseDoctorOptions(input: unknown): DoctorOptions {
  return parseOptions(schema, input, { of: 'cleanup.doctor' });
}
