import { type Duration, toMilliseconds } from '@ops/timeout';
import { durationMs, parseOptions, type Shape, withMethods } from '@ops/timeout/options';
import * as z from 'zod';
import type {
  AcknowledgeOptions,
  FlushOptions,
  HistoryOptions,
  ResolveOptions,
  SilenceOptions,
} from './alerts.ts';
import { matchSchema } from './notify/notify-options.ts';
import { matchProblems } from './notify/notify-problems.ts';
import type { Rules } from './options.ts';
import { redactSecrets } from './redact.ts';
import type { AlertMatch } from './silence.ts';
import type { HistoryQuery } from './store.ts';

const YEAR_MS = 366 * 86_400_000;
const MAX_TEXT_LENGTH = 500;
const MAX_NAME_LENGTH = 100;

const who = z
  .string({ error: 'expected a name' })
  .refine((by) => by.trim() !== '' && by.length <= MAX_NAME_LENGTH, {
    error: `expected a name of at most ${MAX_NAME_LENGTH} characters`,
  });

const text = z.string().refine((words) => words.length <= MAX_TEXT_LENGTH, {
  error: `expected at most ${MAX_TEXT_LENGTH} characters`,
});

const silenceSchema = z.strictObject({
  match: matchSchema,
  for: durationMs({ isMinExcluded: true, maxMs: YEAR_MS }),
  by: who,
  reason: text,
} satisfies Shape<SilenceOptions>);

/** @throws InvalidOptionsError naming every wrong option and unknown rule. */
export function parseSilenceOptions(
  options: unknown,
  rules: Rules,
): {
  readonly match: AlertMatch;
  readonly forMs: number;
  readonly by: string;
  readonly reason: string;
} {
  const further = (input: unknown) => {
    const match = matchSchema.safeParse((input as SilenceOptions | undefined)?.match);
    return match.success ? matchProblems(match.data, rules, ['match']) : [];
  };
  const of = { of: 'silence', redact: redactSecrets, further };
  const { match, for: forMs, by, reason } = parseOptions(silenceSchema, options, of);
  return { match, forMs, by, reason };
}

const acknowledgeSchema = z.strictObject({
  by: who,
  note: text.optional(),
} satisfies Shape<AcknowledgeOptions>);

/** @throws InvalidOptionsError naming every wrong option. */
export function parseAcknowledgeOptions(options: unknown): {
  readonly by: string;
  readonly note?: string | undefined;
} {
  return parseOptions(acknowledgeSchema, options, { of: 'acknowledge', redact: redactSecrets });
}

const resolveSchema = z.strictObject({ by: who } satisfies Shape<ResolveOptions>);

/** @throws InvalidOptionsError naming every wrong option. */
export function parseResolveOptions(options: unknown): { readonly by: string } {
  return parseOptions(resolveSchema, options, { of: 'resolve', redact: redactSecrets });
}

const flushSchema = z.strictObject({
  signal: withMethods<AbortSignal>('addEventListener', 'removeEventListener').optional(),
} satisfies Shape<FlushOptions>);

/** @throws InvalidOptionsError naming every wrong option. */
export function parseFlushOptions(options: unknown): {
  readonly signal?: AbortSignal | undefined;
} {
  return parseOptions(flushSchema, options, { of: 'flush' });
}

const moment = z.custom<Date | Duration>(isMoment, {
  error: "expected a Date, or how long ago: '7d'",
});

function isMoment(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  try {
    return toMilliseconds(value as Duration) >= 0;
  } catch {
    return false;
  }
}

const historySchema = z.strictObject({
  since: moment,
  until: moment.optional(),
  rule: z.string().optional(),
  limit: z
    .int({ error: 'expected 1 to 1,000' })
    .min(1, { error: 'expected 1 to 1,000' })
    .max(1_000, { error: 'expected 1 to 1,000' })
    .optional(),
} satisfies Shape<HistoryOptions>);

/** @throws InvalidOptionsError naming every wrong option and an unknown rule. */
export function parseHistoryOptions(options: unknown, rules: Rules, nowMs: number): HistoryQuery {
  const further = (input: unknown) => {
    const rule = (input as HistoryOptions | undefined)?.rule;
    return typeof rule === 'string' ? matchProblems({ rule }, rules, []) : [];
  };
  const parsed = parseOptions(historySchema, options, {
    of: 'history',
    redact: redactSecrets,
    further,
  });
  const { since, until, rule, limit = 100 } = parsed;
  return {
    sinceMs: momentMs(since, nowMs),
    untilMs: until === undefined ? undefined : momentMs(until, nowMs),
    rule,
    limitCount: limit,
  };
}

function momentMs(at: Date | Duration, nowMs: number): number {
  return at instanceof Date ? at.getTime() : nowMs - toMilliseconds(at);
}
