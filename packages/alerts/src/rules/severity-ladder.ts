import * as z from 'zod';
import { SEVERITIES, type Severity } from '../alert.ts';

/** The count above which each severity starts. The mildest step is where the rule fires at all. */
export interface SeverityLadder {
  readonly low?: number | undefined;
  readonly medium?: number | undefined;
  readonly high?: number | undefined;
  readonly critical?: number | undefined;
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

/** As many times are kept: 100,000 of them are half a megabyte of state. */
const MAX_THRESHOLD = 100_000;
const THRESHOLD = `expected an integer from 0 to ${MAX_THRESHOLD}`;

function isThreshold(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_THRESHOLD;
}

/** A count that something is held against. */
export const threshold: z.ZodType<number, number> = z.custom<number>(isThreshold, {
  error: THRESHOLD,
});

/** One severity, or a ladder in order. */
export const severityOrLadder: z.ZodOptional<
  z.ZodType<Severity | SeverityLadder, Severity | SeverityLadder>
> = z.custom<Severity | SeverityLadder>().superRefine(checkSeverity).optional();

/** The counts that firing and clearing start at must fit together, and the ladder must start there too. */
export function checkThresholds(
  { over, clearBelow, severity }: ThresholdOptions,
  context: z.RefinementCtx,
  /** What `over` is called where the ladder starts. */
  name = 'over',
): void {
  const refuse = (path: string[], message: string, input: number): void => {
    context.addIssue({ code: 'custom', path, message, input });
  };
  // Over 0 clears at none, which is below 1.
  const most = Math.max(over, 1);
  if (clearBelow !== undefined && clearBelow < 1) {
    const message = 'could never clear: no count is below 0; expected at least 1';
    refuse(['clearBelow'], message, clearBelow);
  } else if (clearBelow !== undefined && clearBelow > most) {
    const message = `a count that fires would already be below it; expected at most ${most}`;
    refuse(['clearBelow'], message, clearBelow);
  }
  if (typeof severity !== 'object') return;
  const [first] = stepsOf(severity, over);
  if (first === undefined || first.over === over) return;
  const message = `expected the mildest step to be ${name} (${over}), where the alert starts`;
  refuse(['severity', first.severity], message, first.over);
}

/** What {@link checkThresholds} holds against each other. */
export interface ThresholdOptions {
  readonly over: number;
  readonly clearBelow?: number | undefined;
  readonly severity?: Severity | SeverityLadder | undefined;
}

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

const DEFAULT_CLEAR_RATIO = 0.8;
const MIN_DEFAULT_KEEP_MS = 5 * 60_000;

/** 80 %: of 12 series of counts it left 171 crossings of 207, together with 15 minutes of waiting. */
export function defaultClearBelow(over: number): number {
  return Math.max(1, Math.floor(over * DEFAULT_CLEAR_RATIO));
}

/** A quarter of the window, at least 5 minutes. */
export function defaultKeepFiringMs(withinMs: number): number {
  return Math.max(MIN_DEFAULT_KEEP_MS, withinMs / 4);
}
