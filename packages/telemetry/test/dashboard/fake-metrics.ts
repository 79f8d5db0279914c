import type { DashboardMetrics } from '../../src/dashboard/widget.ts';
import type { Rollup } from '../../src/rollups/rollup.ts';

/** Metrics that answer each query with one row that says when it was asked. */
export interface FakeMetrics extends DashboardMetrics<readonly Rollup[]> {
  /** Each statement with its queries. */
  readonly statements: (readonly Readonly<Record<string, unknown>>[])[];
  /** Next refresh of a rollup. */
  refresh(rollup?: 'executions' | 'errors'): void;
  /** What the next statements do. */
  behave(
    how: (queries: readonly Readonly<Record<string, unknown>>[]) => Promise<void> | void,
  ): void;
  /** Watermark reads. */
  readonly watermarkReads: () => number;
  failWatermark(error: Error | undefined): void;
  /** From now on it never answers. */
  hangWatermark(): void;
}

export function fakeMetrics(): FakeMetrics {
  const statements: (readonly Readonly<Record<string, unknown>>[])[] = [];
  const marks = { executions: 1, errors: 1 };
  let isHanging = false;
  let reads = 0;
  let watermarkError: Error | undefined;
  let behaviour: (queries: readonly Readonly<Record<string, unknown>>[]) => Promise<void> | void =
    () => {};
  return {
    rollups: [],
    statements,
    refresh: (rollup = 'executions') => {
      marks[rollup] += 1;
    },
    hangWatermark: () => {
      isHanging = true;
    },
    behave: (how) => {
      behaviour = how;
    },
    watermarkReads: () => reads,
    failWatermark: (error) => {
      watermarkError = error;
    },
    async queryMany(queries) {
      const number = statements.push(queries as never);
      await behaviour(queries as never);
      return queries.map((query) => rowsOf(query as never, number)) as never;
    },
    async watermark() {
      reads += 1;
      if (watermarkError !== undefined) throw watermarkError;
      if (isHanging) return new Promise<never>(() => {});
      return { executions: String(marks.executions), errors: String(marks.errors) };
    },
  };
}

/** A row for each value of the dimension that is grouped by, or one. */
function rowsOf(
  { where = {}, groupBy }: { where?: Record<string, unknown>; groupBy?: readonly string[] },
  statement: number,
): readonly Record<string, unknown>[] {
  const [dimension] = groupBy ?? Object.keys(where);
  if (dimension === undefined) return [{ n: 1, statement }];
  const values = [where[dimension]].flat();
  return values.map((value) => ({ [dimension]: value, n: String(value).length, statement }));
}
