import { type Duration, toMilliseconds } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import type { Severity } from '../alert.ts';
import {
  type CommonRuleOptions,
  commonParts,
  type EventFilter,
  type FilterOptions,
  filterParts,
  type SplitLabel,
  type SplitOptions,
  splitParts,
} from './rule-options.ts';
import {
  checkThresholds,
  type SeverityLadder,
  severityOrLadder,
  threshold,
} from './severity-ladder.ts';

/** Options of `failures()`. At least one of `consecutive`, `over` and `ratio`; any that is reached fires. */
export interface FailuresOptions extends CommonRuleOptions, FilterOptions, SplitOptions {
  /**
   * The label whose values are watched each by itself, such as `'route'`. Calls and errors without it
   * are not counted. Not `'fingerprint'`, which calls do not have.
   * @default 'integration'
   */
  readonly by?: SplitLabel | undefined;
  /** Fires at this many failures without a success in between; an integer from 1 to 100,000. */
  readonly consecutive?: number | undefined;
  /** Fires at more than this many failures (0 to 100,000) within this time: `[10, '1h']`. */
  readonly over?: readonly [count: number, within: Duration] | undefined;
  /**
   * Fires when at least this share of the calls (above 0, at most 1) within this time failed, once
   * there are `minEvents` of them: `[0.5, '5m']`. Counted in steps of a 60th of the time.
   * @default minEvents: 10
   */
  readonly ratio?: readonly [share: number, within: Duration, minEvents?: number] | undefined;
  /**
   * With `over`: a firing alert starts to recover at fewer failures than this; from 1 to its count.
   * @default 80 % of the count, rounded down, at least 1
   */
  readonly clearBelow?: number | undefined;
  /**
   * How long all must be well before the alert is resolved. 0: at once.
   * @default a quarter of the time of `over`, at least `'5m'`
   */
  readonly keepFiringFor?: Duration | undefined;
  /**
   * One severity, or a ladder that starts at the count of `over` (each step is "more than"), or,
   * where there is no `over`, at `consecutive` (each step is "at least").
   * @default 'medium'
   */
  readonly severity?: Severity | SeverityLadder | undefined;
}

const share = z.number('expected a share above 0 and at most 1').refine((it) => it > 0 && it <= 1, {
  error: 'expected a share above 0 and at most 1',
});

const count = z
  .int('expected an integer from 1 to 100000')
  .min(1, 'expected an integer from 1 to 100000')
  .max(100_000, 'expected an integer from 1 to 100000');

const within = durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER });

type Over = readonly [count: number, within: Duration];
type Ratio = readonly [share: number, within: Duration, minEvents?: number];

/** Exported for the test that holds it equal to {@link FailuresOptions}. */
export const failuresSchema: z.ZodObject<
  {
    consecutive: z.ZodOptional<z.ZodType<number, number>>;
    over: z.ZodOptional<z.ZodType<Over, Over>>;
    ratio: z.ZodOptional<z.ZodType<Ratio, Ratio>>;
    clearBelow: z.ZodOptional<z.ZodType<number, number>>;
    severity: z.ZodOptional<z.ZodType<Severity | SeverityLadder, Severity | SeverityLadder>>;
  } & typeof commonParts &
    typeof filterParts &
    typeof splitParts,
  z.core.$strict
> = z
  .strictObject({
    ...splitParts,
    consecutive: count.optional(),
    over: list<Over>("expected [count, within], such as [10, '1h']", [threshold, within], 2),
    ratio: list<Ratio>(
      "expected [share, within] or [share, within, minEvents], such as [0.5, '5m']",
      [share, within, count],
      2,
    ),
    clearBelow: threshold.optional(),
    severity: severityOrLadder,
    ...commonParts,
    ...filterParts,
  })
  .superRefine(checkFailures);

function checkFailures(
  options: {
    readonly by?: string | undefined;
    readonly consecutive?: number | undefined;
    readonly over?: Over | undefined;
    readonly ratio?: Ratio | undefined;
    readonly clearBelow?: number | undefined;
    readonly severity?: Severity | SeverityLadder | undefined;
    readonly where?: EventFilter | undefined;
  },
  context: z.RefinementCtx,
): void {
  const { by, consecutive, over, ratio, clearBelow, severity, where = {} } = options;
  const refuse = (path: string[], message: string, input: unknown): void => {
    context.addIssue({ code: 'custom', path, message, input });
  };
  const noFingerprint = 'expected a label: calls have no fingerprint';
  if (by === 'fingerprint') refuse(['by'], noFingerprint, by);
  if (Object.hasOwn(where, 'fingerprint')) {
    refuse(['where', 'fingerprint'], noFingerprint, where['fingerprint']);
  }
  if (consecutive === undefined && over === undefined && ratio === undefined) {
    refuse([], 'could never fire: expected one of consecutive, over, ratio', options);
  }
  if (over !== undefined) {
    checkThresholds({ over: over[0], clearBelow, severity }, context, 'the count of over');
    return;
  }
  if (clearBelow !== undefined) {
    refuse(['clearBelow'], 'it is held against the count of over; expected over too', clearBelow);
  }
  if (consecutive !== undefined) {
    checkThresholds({ over: consecutive, severity }, context, 'consecutive');
  } else if (typeof severity === 'object') {
    refuse(['severity'], 'a ladder needs the count of over or consecutive; expected one', severity);
  }
}

/** A list whose faults are told at their place in it. */
function list<T extends readonly unknown[]>(
  expected: string,
  parts: readonly z.ZodType[],
  minLength: number,
): z.ZodOptional<z.ZodType<T, T>> {
  return z
    .custom<T>(
      (value) => Array.isArray(value) && value.length >= minLength && value.length <= parts.length,
      { error: expected, abort: true },
    )
    .superRefine((value, context) => {
      for (const [index, part] of value.entries()) {
        const isLeftOut = part === undefined && index >= minLength;
        const result = isLeftOut ? undefined : parts[index]?.safeParse(part);
        for (const { message } of result?.error?.issues ?? []) {
          context.addIssue({ code: 'custom', path: [index], message, input: part });
        }
      }
    })
    .optional();
}

/** Options as the rule uses them. */
export interface FailuresSettings {
  readonly consecutive: number | undefined;
  readonly over: { readonly over: number; readonly withinMs: number } | undefined;
  readonly ratio:
    | { readonly share: number; readonly withinMs: number; readonly minCount: number }
    | undefined;
  /** The longest time looked back over; an hour where there is none. */
  readonly quietMs: number;
}

const DEFAULT_MIN_EVENTS = 10;
const DEFAULT_QUIET_MS = 3_600_000;

export function failuresSettings(parsed: {
  readonly consecutive?: number | undefined;
  readonly over?: Over | undefined;
  readonly ratio?: Ratio | undefined;
}): FailuresSettings {
  const { consecutive, over, ratio } = parsed;
  const overMs = over && toMilliseconds(over[1]);
  const ratioMs = ratio && toMilliseconds(ratio[1]);
  return {
    consecutive,
    over: over && overMs ? { over: over[0], withinMs: overMs } : undefined,
    ratio:
      ratio && ratioMs
        ? { share: ratio[0], withinMs: ratioMs, minCount: ratio[2] ?? DEFAULT_MIN_EVENTS }
        : undefined,
    quietMs: Math.max(overMs ?? 0, ratioMs ?? 0) || DEFAULT_QUIET_MS,
  };
}
