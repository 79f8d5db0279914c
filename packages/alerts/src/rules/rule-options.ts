import type { Duration } from '@ops/timeout';
import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import { type Labels, SEVERITIES, type Severity } from '../alert.ts';
import type { Rule, RuleEvent } from '../rule.ts';
import type { OneOrMore } from '../silence.ts';

/** What every rule takes besides its own options and `severity`. */
export interface CommonRuleOptions {
  /**
   * How long the condition must hold without a break before an alert fires. 0: at once.
   * @default 0
   */
  readonly for?: Duration | undefined;
  /**
   * How long the condition must be gone without a break before the alert is resolved. 0: at once.
   * The default is the rule's own.
   */
  readonly keepFiringFor?: Duration | undefined;
  /** What to do about it, sent along with every alert: an address or a text, at most 2,000 characters. */
  readonly runbook?: string | undefined;
}

/** Which of the events a rule looks at. */
export interface FilterOptions {
  /**
   * Only events whose labels have these values: `{ route: '/pay' }`, `{ integration: ['shopify', 'wave'] }`.
   * `fingerprint` can be named too. Labels are compared as alerts show them: secrets and invisible
   * characters are taken out before. One value by itself becomes a label of the rule's alerts.
   * @default all events
   */
  readonly where?: EventFilter | undefined;
}

/** For rules that can watch many things of a kind, each by itself. */
export interface SplitOptions {
  /**
   * One series, with a state and alerts of its own, for each value of this label: `'integration'`,
   * `'route'`, any other label, or `'fingerprint'`. Events without it are not counted.
   * @default all events in one series
   */
  readonly by?: SplitLabel | undefined;
  /**
   * How many series there may be; what comes beyond goes into one more, `other`. From 1 to 10,000.
   * @default 100
   */
  readonly maxSeries?: number | undefined;
}

/** Values of labels, all of which an event must have. */
export type EventFilter = Readonly<Record<string, OneOrMore<string>>>;

/** A label's name, or `'fingerprint'`. */
export type SplitLabel = 'integration' | 'route' | 'fingerprint' | (string & {});

/** The longest label there is: a longer value would match no event. */
const LABEL_LENGTH = 100;
const RUNBOOK_LENGTH = 2_000;
const MAX_SERIES = 10_000;

/** Any length of time: no timer is set with it. */
const time = durationMs({ maxMs: Number.MAX_SAFE_INTEGER });

const text = (maxLength: number): z.ZodType<string, string> =>
  z.custom<string>(
    (value) => typeof value === 'string' && value.trim() !== '' && value.length <= maxLength,
    { error: `expected a text of 1 to ${maxLength} characters` },
  );

/** Of a rule with one severity; a ladder is in `severity-ladder.ts`. */
export const severityPart: z.ZodOptional<z.ZodType<Severity, Severity>> = z
  .custom<Severity>((value) => SEVERITIES.includes(value as Severity), {
    error: `expected one of ${SEVERITIES.join(', ')}`,
  })
  .optional();

/** Parts of a rule's schema, for `z.strictObject({ ...commonParts, … })`: {@link CommonRuleOptions}. */
export const commonParts: {
  readonly for: z.ZodOptional<z.ZodType<number, Duration>>;
  readonly keepFiringFor: z.ZodOptional<z.ZodType<number, Duration>>;
  readonly runbook: z.ZodOptional<z.ZodType<string, string>>;
} = {
  for: time.optional(),
  keepFiringFor: time.optional(),
  runbook: text(RUNBOOK_LENGTH).optional(),
};

/** {@link FilterOptions}. */
export const filterParts: { readonly where: z.ZodOptional<z.ZodType<EventFilter, EventFilter>> } = {
  where: z
    .record(text(LABEL_LENGTH), oneOrMoreTexts())
    .refine((filter) => Object.keys(filter).length > 0, { error: 'expected at least one label' })
    .optional(),
};

/** {@link SplitOptions}. */
export const splitParts: {
  readonly by: z.ZodOptional<z.ZodType<SplitLabel, SplitLabel>>;
  readonly maxSeries: z.ZodOptional<z.ZodType<number, number>>;
} = {
  by: text(LABEL_LENGTH)
    .refine((label) => label !== 'rule' && label !== 'severity', {
      error: "expected another label than 'rule' and 'severity', which every alert has",
    })
    .optional(),
  maxSeries: z
    .int(`expected a whole number from 1 to ${MAX_SERIES}`)
    .min(1, `expected a whole number from 1 to ${MAX_SERIES}`)
    .max(MAX_SERIES, `expected a whole number from 1 to ${MAX_SERIES}`)
    .optional(),
};

/** What the parts above parse to. */
export interface ParsedRuleOptions {
  readonly for?: number | undefined;
  readonly keepFiringFor?: number | undefined;
  readonly runbook?: string | undefined;
  readonly where?: EventFilter | undefined;
  readonly by?: SplitLabel | undefined;
  readonly maxSeries?: number | undefined;
}

/** The members of a {@link Rule} that follow from its common options. */
export interface CommonRule
  extends Pick<
    Rule,
    'forMs' | 'keepFiringForMs' | 'runbook' | 'maxSeriesCount' | 'needsFingerprints' | 'labelsOf'
  > {
  /** For `keyOf`, once the event's type is known to fit: by `where` and `by`. */
  seriesOf(event: RuleEvent): string | undefined;
}

/** @param defaults the rule's own, where an option is left out. */
export function commonRule(
  parsed: ParsedRuleOptions,
  defaults: { readonly keepFiringForMs: number; readonly maxSeriesCount?: number | undefined },
): CommonRule {
  const { by, where = {} } = parsed;
  const filter = Object.entries(where);
  // One value is a fact about every alert of the rule; of several nobody knows which it was.
  const fixed = Object.fromEntries(
    filter.flatMap(([label, values]) => {
      const [only, ...others] = [values].flat();
      return only === undefined || others.length > 0 ? [] : [[label, only]];
    }),
  );
  return {
    forMs: parsed.for ?? 0,
    keepFiringForMs: parsed.keepFiringFor ?? defaults.keepFiringForMs,
    runbook: parsed.runbook ?? null,
    maxSeriesCount: by === undefined ? 1 : (parsed.maxSeries ?? defaults.maxSeriesCount ?? 100),
    needsFingerprints: by === 'fingerprint' || Object.hasOwn(where, 'fingerprint'),
    labelsOf: (key): Labels =>
      Object.freeze(by === undefined || key === '' ? { ...fixed } : { ...fixed, [by]: key }),
    seriesOf(event) {
      for (const [label, values] of filter) {
        const value = readLabel(event, label);
        if (value === undefined || ![values].flat().includes(value)) return undefined;
      }
      return by === undefined ? '' : readLabel(event, by);
    },
  };
}

/** Undefined when the event does not have it; an empty value names nothing, so it counts as missing. */
function readLabel(event: RuleEvent, label: string): string | undefined {
  if (label === 'fingerprint') return (event.type === 'error' && event.fingerprint) || undefined;
  return (Object.hasOwn(event.labels, label) && event.labels[label]) || undefined;
}

function oneOrMoreTexts(): z.ZodType<OneOrMore<string>, OneOrMore<string>> {
  const isText = (value: unknown): boolean => text(LABEL_LENGTH).safeParse(value).success;
  return z.custom<OneOrMore<string>>(
    (value) => (Array.isArray(value) ? value.length > 0 && value.every(isText) : isText(value)),
    { error: `expected a text of 1 to ${LABEL_LENGTH} characters, or a list of them` },
  );
}
