import { durationMs } from '@ops/timeout/options';
import * as z from 'zod';
import type { ArchiveTarget } from '../batch/action.ts';
import { parseIdentifierPath, quoteIdentifier } from '../identifier.ts';
import type {
  HoldExemption,
  InactiveFor,
  KeepLast,
  MinAge,
  OlderThan,
  OrphanOf,
  PolicySafety,
  SoftDelete,
} from '../policy.ts';
import { isFragment, type SqlFragment } from '../sql.ts';
import type { Outcome, PolicySettings, Rule } from './policy-settings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Rows that are kept are looked up in every batch. */
const KEEP_MAX = 100_000;

/** A number within limits. */
export function number(min: number, max: number, isWhole: boolean): z.ZodType<number, number> {
  const expected = `expected a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`;
  const schema = z.number({ error: expected }).min(min, expected).max(max, expected);
  return isWhole ? schema.refine(Number.isInteger, expected) : schema;
}

/** A text that `check` does not throw at. */
export function named(
  expected: string,
  check: (value: string) => unknown,
): z.ZodType<string, string> {
  return z.string({ error: expected }).refine(
    (value) => {
      try {
        check(value);
        return true;
      } catch {
        return false;
      }
    },
    { error: expected },
  );
}

/** A list that may be readonly, which `z.array` does not say in its type. */
export function list<Item extends z.ZodType>(
  item: Item,
  expected: string,
): z.ZodType<z.output<Item>[], readonly z.input<Item>[]> {
  return z.array(item, { error: expected });
}

/** `'table'` or `'schema.table'`. */
export const tablePath: z.ZodType<string, string> = named(
  `expected 'table' or 'schema.table', each name at most 63 bytes`,
  (value) => {
    if (parseIdentifierPath(value).length > 2) throw new TypeError('too many parts');
  },
);
const columnName = named('expected the name of a column', quoteIdentifier);
/** Made by `sql`. */
export const fragment: z.ZodType<SqlFragment, SqlFragment> = z.custom<SqlFragment>(isFragment, {
  error: 'expected a fragment made by sql`…`',
});
const age = durationMs({ minMs: HOUR_MS, maxMs: 36_500 * DAY_MS });

const SHARE = 'expected a number above 0, up to 1';
const ZONE = 'expected the name of a time zone';
const zone = z.string({ error: ZONE }).min(1, ZONE).optional();

/** Columns of one table to those of another. */
export const columnPairs: z.ZodType<
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>>
> = z
  .record(columnName, columnName, { error: 'expected an object of column names' })
  .refine((value) => Object.keys(value).length > 0, { error: 'expected at least one column' });

const agePerRow = z.strictObject(
  { per: fragment, default: age },
  { error: 'expected a duration, or { per, default }' },
);
const olderThan = z.strictObject({
  column: columnName,
  age: z.custom<OlderThan['age']>().transform((value, context) => {
    const isPerRow = typeof value === 'object' && value !== null;
    const parsed = (isPerRow ? agePerRow : age).safeParse(value);
    if (parsed.success) {
      return typeof parsed.data === 'number'
        ? { ageMs: parsed.data, agePer: undefined }
        : { ageMs: parsed.data.default, agePer: parsed.data.per };
    }
    for (const issue of parsed.error.issues) {
      context.addIssue({ code: 'custom', message: issue.message, path: [...issue.path] });
    }
    return z.NEVER;
  }),
  zone,
});
const inactiveFor = z.strictObject({ age, since: fragment });
const orphanOf = z.strictObject({ table: tablePath, on: columnPairs });
const minAge = z.strictObject({ column: columnName, age, zone });
const keepLast = z.strictObject({
  count: number(1, KEEP_MAX, true),
  per: z
    .union([columnName, list(columnName, 'expected names of columns')], {
      error: 'expected the name of a column, or several',
    })
    .optional(),
});
const exemption = z.strictObject({
  exempt: z.literal(true, { error: 'expected true' }),
  because: z
    .string({ error: 'expected a reason' })
    .refine((value) => value.trim().length >= 3, { error: 'expected a reason' }),
});
const safety = z.strictObject({
  maxShare: z.number({ error: SHARE }).gt(0, SHARE).max(1, SHARE).default(0.5),
  keepAtLeast: number(0, KEEP_MAX, true).default(0),
});
const softDelete = z.strictObject({
  set: z.record(
    columnName,
    z.union([z.string(), z.number(), z.boolean(), z.null()], {
      error: 'expected a string, number, boolean or null',
    }),
    { error: 'expected an object of values by column' },
  ),
  at: columnName,
  purgeAfter: age,
});
const archive = z.custom<ArchiveTarget>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    ['check', 'open', 'preview'].every((key) => typeof Reflect.get(value, key) === 'function') &&
    typeof Reflect.get(value, 'kind') === 'string' &&
    typeof Reflect.get(value, 'description') === 'object',
  { error: 'expected what toTable() or toFiles() returned' },
);

const shape = z.strictObject({
  table: tablePath,
  olderThan: olderThan.optional(),
  inactiveFor: inactiveFor.optional(),
  orphanOf: orphanOf.optional(),
  minAge: minAge.optional(),
  where: fragment.optional(),
  keepLast: keepLast.optional(),
  holds: exemption.optional(),
  archive: archive.optional(),
  softDelete: softDelete.optional(),
  partitions: z.literal('drop', { error: `expected 'drop'` }).optional(),
  safety: safety.prefault({}),
});
type Shape = z.output<typeof shape>;

const WHICH = ['olderThan', 'inactiveFor', 'orphanOf'] as const;
const WHAT = ['archive', 'softDelete', 'partitions'] as const;

/** One policy. Checked in the same pass: what goes with what. */
export const policy: z.ZodType<PolicySettings> = shape
  .check(({ value, issues }) => {
    const fault = (key: string, message: string): void => {
      issues.push({ code: 'custom', message, path: [key], input: Reflect.get(value, key) });
    };
    for (const [key, message] of combinationFaults(value)) fault(key, message);
  })
  .transform(settingsOf);

function combinationFaults(value: Shape): readonly (readonly [string, string])[] {
  const faults: [string, string][] = [];
  const which = WHICH.filter((key) => value[key] !== undefined);
  const what = WHAT.filter((key) => value[key] !== undefined);
  if (which.length === 0) faults.push(['olderThan', `expected one of ${WHICH.join(', ')}`]);
  if (which.length > 1) faults.push([which[1] ?? '', `expected only one of ${which.join(', ')}`]);
  if (what.length > 1) faults.push([what[1] ?? '', `expected only one of ${what.join(', ')}`]);
  if (value.orphanOf && !value.minAge) {
    faults.push(['minAge', 'expected { column, age }, since the parent may be on its way']);
  }
  if (value.minAge && !value.orphanOf) faults.push(['minAge', 'expected it only with orphanOf']);
  if (value.inactiveFor && value.keepLast) {
    faults.push(['keepLast', 'expected it only with olderThan or orphanOf, which have a column']);
  }
  if (value.partitions) faults.push(...partitionFaults(value));
  return faults;
}

function partitionFaults(value: Shape): readonly [string, string][] {
  const faults: [string, string][] = [];
  if (!value.olderThan) faults.push(['partitions', 'expected it only with olderThan']);
  if (value.olderThan?.age.agePer) {
    faults.push(['olderThan', 'expected one age for all rows, since whole partitions go']);
  }
  for (const key of ['where', 'keepLast'] as const) {
    if (value[key] !== undefined) {
      faults.push([key, 'expected none with partitions, which are dropped as a whole']);
    }
  }
  if (value.safety.keepAtLeast > 0) {
    faults.push([
      'safety',
      'expected no keepAtLeast with partitions, which are dropped as a whole',
    ]);
  }
  return faults;
}

function settingsOf(value: Shape): PolicySettings {
  const { table, where, holds } = value;
  const per = value.keepLast?.per ?? [];
  return {
    table,
    rule: ruleOf(value),
    outcome: outcomeOf(value),
    where,
    keepLast: value.keepLast && {
      count: value.keepLast.count,
      per: typeof per === 'string' ? [per] : per,
    },
    holdsExemptBecause: holds?.because,
    maxShare: value.safety.maxShare,
    keepAtLeast: value.safety.keepAtLeast,
  };
}

function ruleOf(value: Shape): Rule {
  if (value.olderThan) {
    const { column, age: ages, zone: ofColumn } = value.olderThan;
    return { type: 'older-than', column, zone: ofColumn, ...ages };
  }
  if (value.inactiveFor) {
    return { type: 'inactive-for', ageMs: value.inactiveFor.age, since: value.inactiveFor.since };
  }
  if (!value.orphanOf || !value.minAge) throw new TypeError('a policy without a rule was parsed');
  const { column, age: ageMs, zone: ofColumn } = value.minAge;
  const parent = { table: value.orphanOf.table, on: Object.entries(value.orphanOf.on) };
  return { type: 'orphan-of', column, ageMs, zone: ofColumn, parent };
}

function outcomeOf(value: Shape): Outcome {
  if (value.archive) return { type: 'archive', target: value.archive };
  if (value.softDelete) {
    const { set, at, purgeAfter } = value.softDelete;
    return { type: 'soft-delete', set, at, purgeAfterMs: purgeAfter };
  }
  return { type: value.partitions ? 'drop-partitions' : 'delete' };
}

/** Fails to compile when a schema and the public type beside it have come apart. */
type Agree<Pair extends readonly [unknown, unknown]> = [Pair[0]] extends [Pair[1]]
  ? [Pair[1]] extends [Pair[0]]
    ? [keyof Pair[0], keyof Pair[1]] extends [keyof Pair[1], keyof Pair[0]]
      ? true
      : 'a key is missing'
    : 'the schema takes less'
  : 'the schema takes more';
const agreement: readonly [
  Agree<[z.input<typeof olderThan>, OlderThan]>,
  Agree<[z.input<typeof inactiveFor>, InactiveFor]>,
  Agree<[z.input<typeof orphanOf>, OrphanOf]>,
  Agree<[z.input<typeof minAge>, MinAge]>,
  Agree<[z.input<typeof keepLast>, KeepLast]>,
  Agree<[z.input<typeof exemption>, HoldExemption]>,
  Agree<[z.input<typeof safety>, PolicySafety]>,
  Agree<[z.input<typeof softDelete>, SoftDelete]>,
] = [true, true, true, true, true, true, true, true];
void agreement;
