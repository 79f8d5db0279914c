import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Lag } from './lag.ts';
import type { Metrics } from './metrics.ts';

/** From how long on. */
export interface MetricsCheckOptions {
  /** Of what is missing in the rollups. @default { warn: '10m', fail: '1h' } */
  readonly lag?: AgeThresholds | undefined;
  /** Since a refresh last committed. @default { warn: '10m', fail: '1h' } */
  readonly lastRun?: AgeThresholds | undefined;
}

/** A threshold that is left out is not checked. */
export interface AgeThresholds {
  readonly warn?: Duration | undefined;
  readonly fail?: Duration | undefined;
}

/** One value, in the shape of a measurement of `@ops/health`. */
export interface MetricsMeasurement {
  readonly status: 'pass' | 'warn' | 'fail';
  readonly measurement: string;
  readonly value: number;
  readonly unit: 'ms';
  readonly message?: string | undefined;
}

/** In the shape of a check of `@ops/health`, which is no dependency. */
export interface MetricsCheck {
  readonly kind: 'datastore';
  readonly external: true;
  run(context: { readonly signal: AbortSignal }): Promise<readonly MetricsMeasurement[]>;
}

const age = durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional();
const thresholds = z
  .strictObject({ warn: age, fail: age } satisfies Shape<AgeThresholds>)
  .default({ warn: 600_000, fail: 3_600_000 });
const schema = z.strictObject({
  lag: thresholds,
  lastRun: thresholds,
} satisfies Shape<MetricsCheckOptions>);

/**
 * A health check of all rollups: two measurements each, `<rollup>.lag` and `<rollup>.last_run`.
 * Rollups that are behind answer right, only slower; ones that no refresh visits get ever slower.
 *
 * @throws InvalidOptionsError
 */
export function metricsCheck(
  metrics: Pick<Metrics, 'lag'>,
  options: MetricsCheckOptions = {},
): MetricsCheck {
  const parsed = parseOptions(schema, options, { of: 'metricsCheck' });
  return {
    kind: 'datastore',
    external: true,
    async run({ signal }) {
      const lags = await metrics.lag({ signal });
      return lags.flatMap((lag) => [
        measure(`${lag.rollup}.lag`, lag.lagMs, parsed.lag, behind(lag)),
        measure(
          `${lag.rollup}.last_run`,
          lag.sinceLastRunMs ?? Infinity,
          parsed.lastRun,
          `rollup ${lag.rollup}: ${lag.lastRunAt === null ? 'never refreshed' : `last refreshed at ${lag.lastRunAt.toISOString()}`}`,
        ),
      ]);
    },
  };
}

function behind({ rollup, pending, heldBackBy, isBuilding }: Lag): string {
  const held =
    heldBackBy === null
      ? ''
      : `; process ${heldBackBy.pid} has held a transaction open for ${heldBackBy.ageMs} ms`;
  return `rollup ${rollup}: ${pending} pending${isBuilding ? ', being built' : ''}${held}`;
}

function measure(
  measurement: string,
  ms: number,
  {
    warn = Infinity,
    fail = Infinity,
  }: { readonly warn?: number | undefined; readonly fail?: number | undefined },
  message: string,
): MetricsMeasurement {
  const isOver = (limit: number): boolean => limit !== Infinity && ms >= limit;
  const status = isOver(fail) ? 'fail' : isOver(warn) ? 'warn' : 'pass';
  // JSON has no infinity.
  const value = Math.min(ms, Number.MAX_SAFE_INTEGER);
  return status === 'pass'
    ? { status, measurement, value, unit: 'ms' }
    : { status, measurement, value, unit: 'ms', message };
}
