import type { Duration } from '@ops/timeout';
import { durationMs, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import { SEVERITIES, type Severity } from '../alert.ts';
import type { AlertMatch } from '../silence.ts';
import type { Inhibition } from './inhibition.ts';
import { parseTimes, parseWeekdays } from './mute-spans.ts';
import type { MuteWindow } from './mute-window.ts';
import type { EscalationStep, RepeatBackoff, Route } from './route.ts';
import { isTimeZone } from './wall-clock.ts';

const DAY_MS = 86_400_000;

const text = z.string().min(1, { error: 'expected a name' });

function oneOrMore<T extends string>(
  one: z.ZodType<T, T>,
  expected: string,
): z.ZodType<T | T[], T | readonly T[]> {
  const list = z.array(one).min(1);
  return z.union([one, list], { error: `expected ${expected}, or a list of them` }) as never;
}

/** Names that are each there once. */
function distinct(list: z.ZodArray<z.ZodString>): z.ZodType<string[], readonly string[]> {
  return list.refine((names) => new Set(names).size === names.length, {
    error: 'expected each name once',
  }) as never;
}

/** Whom a route, a mute window, an inhibition or a silence is for. */
export const matchSchema: z.ZodType<AlertMatch, AlertMatch> = z.strictObject({
  rule: oneOrMore<string>(text, 'the name of a rule').optional(),
  severity: oneOrMore<Severity>(z.enum(SEVERITIES), SEVERITIES.join(', ')).optional(),
  labels: z.record(text, oneOrMore<string>(z.string(), 'a value')).optional(),
} satisfies Shape<AlertMatch>);

/** A {@link MuteWindow} whose parts have the right form. */
export const muteWindowSchema: z.ZodType<MuteWindow, MuteWindow> = z.strictObject({
  match: matchSchema.optional(),
  weekdays: z
    .string()
    .refine((days) => parseWeekdays(days) !== undefined, {
      error: "expected days such as 'Sat-Sun' or 'Mon,Wed,Fri'",
    })
    .optional(),
  times: z
    .string()
    .refine((times) => parseTimes(times) !== undefined, {
      error: "expected times of a day such as '22:00-06:00' or '00:00-06:00,12:00-13:00'",
    })
    .optional(),
  timeZone: z
    .string()
    .refine(isTimeZone, { error: "expected a time zone such as 'Europe/Berlin'" })
    .optional(),
} satisfies Shape<MuteWindow>);

/** An {@link Inhibition}. */
export const inhibitionSchema: z.ZodType<Inhibition, Inhibition> = z.strictObject({
  source: matchSchema,
  target: matchSchema,
  equal: distinct(z.array(text)).optional(),
} satisfies Shape<Inhibition>);

const pause = durationMs({ minMs: 1_000, maxMs: 366 * DAY_MS });

const repeatBackoff = z
  .strictObject({
    first: pause,
    factor: z
      .number()
      .min(1, { error: 'expected 1 to 100' })
      .max(100, { error: 'expected 1 to 100' })
      .optional(),
    max: pause.optional(),
  } satisfies Shape<RepeatBackoff>)
  .refine(({ first, max }) => max === undefined || max >= first, {
    error: 'expected at least `first`',
    path: ['max'],
  });

const escalationStep: z.ZodType<EscalationStep, EscalationStep> = z.strictObject({
  after: durationMs({ isMinExcluded: true, maxMs: 366 * DAY_MS }),
  unless: z.literal('acknowledged').optional(),
  to: distinct(z.array(text).min(1, { error: 'expected at least one channel' })),
} satisfies Shape<EscalationStep>);

/** By what it is, so that what is wrong inside a back-off is named there. */
const repeat: z.ZodType<Duration | RepeatBackoff | false, Duration | RepeatBackoff | false> = z
  .unknown()
  .transform((value, context) => {
    if (value === false) return value;
    const isObject = typeof value === 'object' && value !== null;
    const result = (isObject ? repeatBackoff : pause).safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.addIssue({ ...issue });
    return z.NEVER;
  }) as never;

/** A {@link Route}; durations come out in milliseconds. */
export const routeSchema: z.ZodType<Route, Route> = z.strictObject({
  match: matchSchema.optional(),
  to: distinct(z.array(text).min(1, { error: 'expected at least one channel' })),
  groupBy: distinct(z.array(text)).optional(),
  wait: durationMs({ maxMs: DAY_MS }).optional(),
  interval: durationMs({ maxMs: DAY_MS }).optional(),
  repeat: repeat.optional(),
  escalate: z.array(escalationStep).optional(),
  mute: z.array(muteWindowSchema).optional(),
  sendResolved: z.boolean({ error: 'expected true or false' }).optional(),
} satisfies Shape<Route>);
