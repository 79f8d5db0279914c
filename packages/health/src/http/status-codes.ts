import * as z from 'zod';
import type { Status } from '../status.ts';

/** The HTTP status of each status. */
export interface StatusCodes {
  /** 200 to 299, but neither 204 nor 205: they have no body. @default 200 */
  readonly pass?: number | undefined;
  /** As `pass`, or 400 to 599, which then counts as failing to whoever asks. @default 200 */
  readonly warn?: number | undefined;
  /** 400 to 599. @default 503 */
  readonly fail?: number | undefined;
}

/** What a probe of this kind expects. */
export type Preset = 'kubernetes' | 'consul' | 'microprofile';

export type StatusCodeTable = Readonly<Record<Status, number>>;

const good = (value: number): boolean =>
  Number.isInteger(value) && value >= 200 && value <= 299 && value !== 204 && value !== 205;
const bad = (value: number): boolean => Number.isInteger(value) && value >= 400 && value <= 599;

const GOOD = '200 to 299 (not 204 and 205)';
const BAD = '400 to 599';

export const statusCodes: z.ZodType<StatusCodes, StatusCodes> = z.strictObject({
  pass: code(good, GOOD),
  // A 3xx would send the probe elsewhere, and 304 has no body.
  warn: code((value) => good(value) || bad(value), `${GOOD} or ${BAD}`),
  fail: code(bad, BAD),
});

function code(isIn: (value: number) => boolean, range: string): z.ZodOptional<z.ZodNumber> {
  const error = `expected ${range}`;
  return z.number({ error }).refine(isIn, { error }).optional();
}

/** What is given replaces single codes; the others stay those of the preset. */
export function statusCodeTables(
  preset: Preset | undefined,
  given: StatusCodes = {},
): { readonly health: StatusCodeTable; readonly zPages: StatusCodeTable } {
  const { pass = 200, warn = preset === 'consul' ? 429 : 200 } = given;
  const zPageFail = preset === 'kubernetes' ? 500 : 503;
  return {
    health: { pass, warn, fail: given.fail ?? 503 },
    zPages: { pass, warn, fail: given.fail ?? zPageFail },
  };
}
