import type { Duration } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import { SEVERITIES, type Severity } from './alert.ts';

/** The count above which each severity starts. The mildest step is the rule's `over`. */
export interface SeverityLadder {
  readonly low?: number | undefined;
  readonly medium?: number | undefined;
  readonly high?: number | undefined;
  readonly critical?: number | undefined;
}

/** Options of `spike()`. */
export interface SpikeOptions {
  /** Fires at more than this many errors; an integer from 0 to 100,000. */
  readonly over: number;
  /** Length of the sliding window, which an error leaves exactly this long after it came. */
  readonly within: Duration;
  /**
   * A firing alert starts to recover at fewer than this many; an integer from 1 to `over`.
   * @default 80 % of `over`, rounded down, at least 1
   */
  readonly clearBelow?: number | undefined;
  /**
   * How long the count must stay below `clearBelow` before the alert is resolved. 0: at once.
   * @default a quarter of `within`, at least `'5m'`
   */
  readonly keepFiringFor?: Duration | undefined;
  /**
   * One severity, or a ladder by count: `{ medium: 100, high: 200 }` with `over: 100` is medium
   * above 100 and high above 200.
   * @default 'medium'
   */
  readonly severity?: Severity | SeverityLadder | undefined;
}

/** Where one severity starts. */
export interface SeverityStep {
  readonly severity: Severity;
  readonly over: number;
}

/** Mildest first. */
export function stepsOf(
  severity: Severity | SeverityLadder,
  over: number,
): readonly SeverityStep[] {
  if (typeof severity === 'string') return [{ severity, over }];
  return SEVERITIES.flatMap((name) => {
    const above = severity[name];
    return above === undefined ? [] : [{ severity: name, over: above }];
  });
}

const MAX_THRESHOLD = 100_000;
const THRESHOLD = `expected an integer from 0 to ${MAX_THRESHOLD}`;

function isThreshold(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_THRESHOLD;
}

/** Exported for the test that holds it equal to {@link SpikeOptions}. */
export const spikeSchema: z.ZodObject<
  {
    over: z.ZodType<number, number>;
    within: z.ZodType<number, Duration>;
    clearBelow: z.ZodOptional<z.ZodType<number, number>>;
    keepFiringFor: z.ZodOptional<z.ZodType<number, Duration>>;
    severity: z.ZodOptional<z.ZodType<Severity | SeverityLadder, Severity | SeverityLadder>>;
  },
  z.core.$strict
> = z
  .strictObject({
    over: z.custom<number>(isThreshold, { error: THRESHOLD }),
    within: durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }),
    clearBelow: z.custom<number>(isThreshold, { error: THRESHOLD }).optional(),
    keepFiringFor: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional(),
    severity: z.custom<Severity | SeverityLadder>().superRefine(checkSeverity).optional(),
  })
  .superRefine(({ over, clearBelow, severity }, context) => {
    // Over 0 clears at none, which is below 1.
    const most = Math.max(over, 1);
    if (clearBelow !== undefined && (clearBelow < 1 || clearBelow > most)) {
      const message =
        clearBelow < 1
          ? 'could never clear: no count is below 0; expected at least 1'
          : `a count that fires would already be below it; expected at most ${most}`;
      context.addIssue({ code: 'custom', path: ['clearBelow'], message, input: clearBelow });
    }
    if (typeof severity !== 'object') return;
    const [first] = stepsOf(severity, over);
    if (first !== undefined && first.over !== over) {
      const message = `expected the mildest step to be over (${over}), where the alert starts`;
      context.addIssue({
        code: 'custom',
        path: ['severity', first.severity],
        message,
        input: first.over,
      });
    }
  });

function checkSeverity(value: unknown, context: z.RefinementCtx): void {
  const names = SEVERITIES.join(', ');
  const refuse = (message: string, input: unknown, path: string[] = []): void => {
    context.addIssue({ code: 'custom', path, message, input });
  };
  if (typeof value !== 'object' || value === null) {
    if (SEVERITIES.includes(value as Severity)) return;
    refuse(`expected one of ${names}, or a ladder such as { medium: 100, high: 200 }`, value);
    return;
  }
  const steps = Object.entries(value).filter(([, above]) => above !== undefined);
  if (steps.length === 0) refuse(`expected at least one step: ${names}`, value);
  for (const [name, above] of steps) {
    if (!SEVERITIES.includes(name as Severity))
      refuse(`no such severity; expected ${names}`, above, [name]);
    else if (!isThreshold(above)) refuse(THRESHOLD, above, [name]);
  }
  const ordered = stepsOf(value as SeverityLadder, 0).filter((step) => isThreshold(step.over));
  for (const [index, step] of ordered.entries()) {
    const milder = ordered[index - 1];
    if (milder === undefined || step.over > milder.over) continue;
    refuse(`expected more than ${milder.severity} (${milder.over})`, step.over, [step.severity]);
  }
}
