import { InvalidOptionsError } from '@ops/timeout';
import { durationMs, type Fault, parseOptions } from '@ops/timeout/options';
import * as z from 'zod';
import { GRAINS, type Grain } from './grain.ts';
import type { Measures } from './measure.ts';
import type { ColumnValue, RollupDefinition, Where } from './rollup.ts';
import { parseTablePath } from './table-path.ts';

/** A definition with its defaults. */
export interface ParsedDefinition {
  readonly name: string;
  readonly from: string;
  readonly time: string;
  readonly grains: readonly Grain[];
  readonly dimensions: readonly string[];
  readonly totals: readonly (readonly string[])[];
  readonly measures: Measures;
  readonly where: Where;
  readonly mode: 'append' | 'dirty-buckets';
  readonly xid: string;
  readonly rawRetentionMs: number | null;
}

/** So that `<name>_month`, and the names of indexes and triggers, stay within PostgreSQL's 63 bytes. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** Columns of the tables of our own, and of each row of an answer. */
const RESERVED = ['bucket', 'total'];

const column = z
  .string()
  .refine(
    (name) => name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0'),
    'expected a name of 1 to 63 bytes',
  );
/** A sketch's counts have a column named after it. */
const ownName = column.refine(
  (name) => Buffer.byteLength(name) <= 56 && !RESERVED.includes(name),
  `expected a name of 1 to 56 bytes other than ${RESERVED.join(' and ')}`,
);
const value = z.union([z.string(), z.number(), z.boolean(), z.bigint(), z.date(), z.null()]);
const PERCENTILE = /^p(?:\d{1,2}(?:\.\d+)?|100)$/;

/** A percentile's name. */
export const percentile: z.ZodType<`p${number}`, `p${number}`> = z.custom<`p${number}`>(
  (name) => typeof name === 'string' && PERCENTILE.test(name),
  "expected a percentile such as 'p95', 'p99.9'",
);
/** Values by column. */
export const whereSchema: z.ZodType<Where, Where> = z.record(
  column,
  z.union([value, z.array(value)]).optional(),
);

const measure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('count'), column: column.nullable() }),
  z.strictObject({ kind: z.literal('sum'), column }),
  z.strictObject({ kind: z.literal(['min', 'max']), column }),
  z.strictObject({
    kind: z.literal('quantile'),
    column,
    accuracy: z.number().min(0.001).max(0.1),
    at: z.array(percentile).min(1),
  }),
  z.strictObject({ kind: z.literal('distinct'), column, precision: z.int().min(4).max(16) }),
]);
const grain = z.enum(['hour', 'day', 'month']);

const schema = z.strictObject({
  from: z
    .string()
    .refine((path) => parseTablePath(path) !== null, "expected 'table' or 'schema.table'"),
  time: column,
  grain: z.union([grain, z.array(grain).min(1)]),
  dimensions: z.array(ownName).max(30),
  totals: z.array(z.array(column)).max(31).default([]),
  measures: z.record(ownName, measure),
  where: whereSchema.default({}),
  mode: z.enum(['append', 'dirty-buckets']),
  xid: column.default('xid'),
  rawRetention: durationMs({ minMs: 3_600_000, maxMs: 100 * 366 * 86_400_000 }).optional(),
});

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** @throws InvalidOptionsError naming every fault. */
export function parseDefinition(
  name: string,
  definition: RollupDefinition<string, Measures>,
): ParsedDefinition {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidOptionsError(
      `defineRollup: name: expected 1 to 40 of a-z, 0-9 and _, beginning with a letter, got ${JSON.stringify(name)}`,
    );
  }
  const parsed = parseOptions(schema, definition, {
    of: `defineRollup(${name})`,
    further: furtherFaults,
  });
  const { grain: given, totals, rawRetention, where, ...rest } = parsed;
  const grains = GRAINS.filter((one) => [given].flat().includes(one));
  return {
    name,
    ...rest,
    grains,
    totals: totals.map((subset) => rest.dimensions.filter((one) => subset.includes(one))),
    where: canonical(where),
    rawRetentionMs: rawRetention ?? null,
  };
}

/** As JSON and as a parameter the same: no bigint and no Date, keys in order. */
function canonical(where: Where): Where {
  const keys = Object.keys(where).toSorted();
  return Object.fromEntries(
    keys.map((key) => {
      const given = where[key];
      return [key, Array.isArray(given) ? given.map(asText) : asText(given as ColumnValue)];
    }),
  );
}

function asText(given: ColumnValue): ColumnValue {
  if (given === null) return null;
  return given instanceof Date ? given.toISOString() : String(given);
}

function furtherFaults(input: unknown): Fault[] {
  const given = Object(input) as Partial<Record<keyof RollupDefinition<string, Measures>, unknown>>;
  const dimensions: unknown[] = Array.isArray(given.dimensions) ? given.dimensions : [];
  const totals: unknown[] = Array.isArray(given.totals) ? given.totals : [];
  const measures = Object.entries(Object(given.measures) as Measures);
  return [
    ...repeated(['dimensions'], dimensions),
    ...totals.flatMap((subset, index) => totalFaults(subset, index, dimensions)),
    ...repeated(
      ['totals'],
      totals.map((subset) =>
        Array.isArray(subset) ? subset.map(String).toSorted(byText).join(', ') : subset,
      ),
    ),
    ...measures.flatMap(([name, one]) => measureFaults(name, one, measures, dimensions)),
    ...(measures.length === 0 ? [{ path: ['measures'], message: 'expected one or more' }] : []),
  ];
}

function totalFaults(subset: unknown, at: number, dimensions: readonly unknown[]): Fault[] {
  if (!Array.isArray(subset)) return [];
  const path = ['totals', at];
  const foreign = subset.filter((one) => !dimensions.includes(one));
  const isWhole = new Set(subset).size === dimensions.length && foreign.length === 0;
  return [
    ...foreign.map((one) => ({ path, message: `${String(one)} is not one of the dimensions` })),
    ...(isWhole ? [{ path, message: 'rows with all dimensions are kept anyway' }] : []),
    ...repeated(path, subset),
  ];
}

function measureFaults(
  name: string,
  one: Measures[string],
  all: readonly (readonly [string, Measures[string]])[],
  dimensions: readonly unknown[],
): Fault[] {
  const path = ['measures', name];
  const faults: Fault[] = [];
  if (dimensions.includes(name)) {
    faults.push({ path, message: 'expected another name than that of a dimension' });
  }
  const counts = `${name}_counts`;
  const isTaken = dimensions.includes(counts) || all.some(([other]) => other === counts);
  if (Object(one).kind === 'quantile' && isTaken) {
    faults.push({
      path,
      message: `its counts have the column ${counts}, which something else has`,
    });
  }
  return faults;
}

function repeated(path: readonly PropertyKey[], names: readonly unknown[]): Fault[] {
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  return twice.map((name) => ({ path, message: `${JSON.stringify(name)} is there twice` }));
}
