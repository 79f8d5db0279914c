import type { RefreshReport } from './refresh/report.ts';

/**
 * The table of a rollup cannot feed it: it is missing, a column is missing or has a type that does
 * not fit, or rows have no time zone.
 */
export class RollupSourceError extends Error {
  override readonly name = 'RollupSourceError';
  readonly code = 'ERR_OPS_TELEMETRY_ROLLUP_SOURCE';
  readonly rollup: string;
  /** What is wrong, one entry each. */
  readonly problems: readonly string[];

  constructor(rollup: string, problems: readonly string[]) {
    super(
      `Rollup ${rollup} cannot read its table: ${problems.join('; ')}; change the table or the definition`,
    );
    this.rollup = rollup;
    this.problems = problems;
  }
}

/** The tables of a rollup are not there. */
export class RollupMissingError extends Error {
  override readonly name = 'RollupMissingError';
  readonly code = 'ERR_OPS_TELEMETRY_ROLLUP_MISSING';
  readonly rollup: string;
  /** Where they were looked for. */
  readonly schema: string;

  constructor(rollup: string, schema: string) {
    super(
      `Rollup ${rollup} has no tables in schema ${schema}: call ensureTables(), or apply the migrations of rollupTables()`,
    );
    this.rollup = rollup;
    this.schema = schema;
  }
}

/** What is stored was made by another definition, so it means something else. */
export class RollupChangedError extends Error {
  override readonly name = 'RollupChangedError';
  readonly code = 'ERR_OPS_TELEMETRY_ROLLUP_CHANGED';
  readonly rollup: string;
  /** Hash of the definition that the stored rows were made by. */
  readonly storedHash: string;
  /** Hash of the definition that this process has. */
  readonly definedHash: string;

  constructor(rollup: string, storedHash: string, definedHash: string) {
    super(
      `Rollup ${rollup} is stored by definition ${storedHash} and defined as ${definedHash}: call rebuild('${rollup}'), or give the changed rollup a new name`,
    );
    this.rollup = rollup;
    this.storedHash = storedHash;
    this.definedHash = definedHash;
  }
}

/** A rollup cannot answer a query exactly. */
export class RollupQueryError extends Error {
  override readonly name = 'RollupQueryError';
  readonly code = 'ERR_OPS_TELEMETRY_ROLLUP_QUERY';
  readonly rollup: string;
  /** `raw-gone`: an edge of the range lies within a bucket whose raw rows may be gone. */
  readonly reason: 'rollup' | 'dimension' | 'measure' | 'grain' | 'raw-gone';

  constructor(rollup: string, reason: RollupQueryError['reason'], what: string) {
    super(`Rollup ${rollup} cannot answer: ${what}`);
    this.rollup = rollup;
    this.reason = reason;
  }
}

/** Buckets were to be computed anew whose raw rows may be gone, which would lose what they hold. */
export class RollupFrozenError extends Error {
  override readonly name = 'RollupFrozenError';
  readonly code = 'ERR_OPS_TELEMETRY_ROLLUP_FROZEN';
  readonly rollup: string;
  /** Buckets that begin before are frozen. */
  readonly frozenBefore: Date;

  constructor(rollup: string, frozenBefore: Date) {
    super(
      `Rollup ${rollup} holds buckets from before ${frozenBefore.toISOString()}, whose raw rows may be gone: rebuild a later range, or pass discardFrozen: true to lose them`,
    );
    this.rollup = rollup;
    this.frozenBefore = frozenBefore;
  }
}

/** A refresh failed for one rollup or more. What was committed before stays. */
export class RefreshFailedError extends Error {
  override readonly name = 'RefreshFailedError';
  readonly code = 'ERR_OPS_TELEMETRY_REFRESH_FAILED';
  /** Of all rollups; `error` of those that failed says why. */
  readonly report: RefreshReport;

  /** Its `cause` is the first error, or an `AggregateError` of several. */
  constructor(report: RefreshReport) {
    const failed = report.rollups.filter(({ status }) => status === 'failed');
    const errors = failed.map(({ error }) => error);
    const of = failed.map(({ rollup }) => rollup).join(', ');
    super(
      `${failed.length} of ${report.rollups.length} rollups could not be refreshed (${of}): ${messageOf(errors[0])}; the next refresh goes on where they stopped`,
      { cause: errors.length === 1 ? errors[0] : new AggregateError(errors) },
    );
    this.report = report;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
