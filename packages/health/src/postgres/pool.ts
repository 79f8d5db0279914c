import { InvalidOptionsError } from '@ops/timeout';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import type { Measurement } from '../measurement.ts';
import { share } from '../thresholds.ts';

/** The counters of a `pg.Pool`. */
export interface PoolCounters {
  /** Connections there are, idle ones included. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** Callers that wait for a connection. */
  readonly waitingCount: number;
  /** `max` is 10 when the pool was made without it, which is `pg`'s default. */
  readonly options?: { readonly max?: number | null | undefined } | undefined;
}

/** Options of {@link pool}. */
export interface PoolOptions extends CheckPolicy {
  /**
   * Share of the pool's connections in use from which it warns; it warns too while callers wait.
   * @default 0.8
   */
  readonly warn?: number | undefined;
}

const DEFAULT_MAX = 10;

const schema = z.strictObject({ warn: share, ...checkPolicy } satisfies Shape<PoolOptions>);

/**
 * How much of a pool is in use, from its counters alone: nothing is asked of the server, and no
 * connection is taken. It warns with `saturated` and never fails: a busy pool is no reason to take
 * a process out of the load balancer, which would only make the others busier.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function pool(counters: PoolCounters, options: PoolOptions = {}): CheckSpec {
  const { warn = 0.8, ...policy } = parseOptions(schema, options, { of: 'postgres.pool' });
  if (typeof (counters as PoolCounters | null | undefined)?.totalCount !== 'number') {
    throw new InvalidOptionsError(
      'postgres.pool: pool: expected a pg.Pool, or an object with totalCount, idleCount and waitingCount',
    );
  }
  return { kind: 'component', ...policy, run: () => look(counters, warn) };
}

function look(counters: PoolCounters, warn: number): Measurement {
  const { totalCount, idleCount, waitingCount } = counters;
  const max = counters.options?.max ?? DEFAULT_MAX;
  const used = totalCount - idleCount;
  const utilization = used / max;
  const isBusy = waitingCount > 0 || utilization >= warn;
  return {
    status: isBusy ? 'warn' : 'pass',
    code: isBusy ? 'saturated' : 'ok',
    measurement: 'utilization',
    value: utilization,
    message: `${used} of ${max} connections are in use, ${waitingCount} callers wait`,
  };
}
