import type { Duration } from '@ops/timeout';
import { durationMs, positiveInteger, type Shape } from '@ops/timeout/options';
import * as z from 'zod';

/** When a check runs and how its results count. What makes a check takes these with its own options. */
export interface CheckPolicy {
  /**
   * Whether its failure is a failure of the group; otherwise it shows as `warn`.
   * @default true
   */
  readonly critical?: boolean | undefined;
  /** Time limit of one attempt. Default: `defaults.timeout`. More than 0. */
  readonly timeout?: Duration | undefined;
  /**
   * Age up to which a result is used without a new attempt. Default: `defaults.ttl`. More than 0.
   * Not together with `every`.
   */
  readonly ttl?: Duration | undefined;
  /**
   * Runs the check in the background, this far apart, start to start; probes then run nothing. It
   * begins with `start()` or the first `fetch`, `report`, `check` or `watch`. An attempt that takes
   * longer is not joined by another: that run is left out. More than 0, at most 14 days.
   */
  readonly every?: Duration | undefined;
  /**
   * Time before the first background run; until then the check is `not_run`. Only with `every`.
   * @default 0
   */
  readonly initialDelay?: Duration | undefined;
  /**
   * Width of the window in which a background run falls, as a share of `every` from 0 to 1: with
   * 0.1 runs are 0.95 to 1.05 × `every` apart. Only with `every`.
   * @default 0.1
   */
  readonly jitter?: number | undefined;
  /**
   * Fails in a row from which the check shows `fail`; before that it shows `warn`, with the code of
   * the fail. The very first result counts at once. An attempt that does not settle counts again
   * with every `ttl` or `every` that it goes on.
   * @default 1
   */
  readonly failAfter?: number | undefined;
  /**
   * Other results in a row from which a check that showed `fail` shows them; before that it shows
   * `warn`, with the code of the result, so `ok`.
   * @default 1
   */
  readonly passAfter?: number | undefined;
  /**
   * Age above which a result is no longer believed. Without `every` it then counts as absent: a
   * probe waits for the next attempt. With `every` the check fails at once with `stale`. Default:
   * `defaults.maxStale`; with `every` 3 × `every` + `timeout`. At least `ttl`; with `every` at
   * least the longest time that a run and the wait for it may take.
   */
  readonly maxStale?: Duration | undefined;
  /** URI templates (RFC 6570) of what does not work without it. Public, while it does not pass. */
  readonly affects?: readonly string[] | undefined;
  /** `componentId` of health+json: which instance is looked at. Public. */
  readonly id?: string | undefined;
}

/** The policy of a check that has defaults of its own. A key that is `undefined` says nothing. */
export function withDefaults(policy: CheckPolicy, defaults: CheckPolicy): CheckPolicy {
  const said = Object.entries(policy).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(said) };
}

export const DEFAULT_TIMEOUT_MS = 1_000;
export const DEFAULT_TTL_MS = 5_000;
export const DEFAULT_JITTER = 0.1;

/** A timer of 1.5 × this is still one that Node can hold. */
const LONGEST_EVERY_MS = 14 * 86_400_000;

type OptionalDuration = z.ZodOptional<z.ZodType<number, Duration>>;

const limit: OptionalDuration = durationMs({ isMinExcluded: true }).optional();

/** `timeout`, `ttl` and `maxStale` as options, parsed to milliseconds. */
export const limits: {
  readonly timeout: OptionalDuration;
  readonly ttl: OptionalDuration;
  readonly maxStale: OptionalDuration;
} = { timeout: limit, ttl: limit, maxStale: limit };

/** The shape of {@link CheckPolicy} for a `z.strictObject` of options; durations come out in milliseconds. */
export const checkPolicy: typeof limits & {
  readonly critical: z.ZodOptional<z.ZodBoolean>;
  readonly every: OptionalDuration;
  readonly initialDelay: OptionalDuration;
  readonly jitter: z.ZodOptional<z.ZodNumber>;
  readonly failAfter: z.ZodOptional<z.ZodType<number, number>>;
  readonly passAfter: z.ZodOptional<z.ZodType<number, number>>;
  readonly affects: z.ZodOptional<z.ZodType<readonly string[], readonly string[]>>;
  readonly id: z.ZodOptional<z.ZodString>;
} = {
  ...limits,
  critical: z.boolean().optional(),
  every: durationMs({ isMinExcluded: true, maxMs: LONGEST_EVERY_MS }).optional(),
  initialDelay: durationMs().optional(),
  jitter: z
    .number('expected a number from 0 to 1')
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .optional(),
  failAfter: positiveInteger.optional(),
  passAfter: positiveInteger.optional(),
  affects: z
    .array(
      z.string().regex(/^(?:[^\s{}\p{C}]|\{[^\s{}\p{C}]+\}){1,500}$/u, {
        error: "expected a URI template as '/orders/{id}'",
      }),
    )
    .max(50)
    .optional(),
  id: z
    .string()
    .regex(/^[^\p{C}]{1,256}$/u, { error: 'expected 1 to 256 characters' })
    .optional(),
} satisfies Shape<CheckPolicy>;
