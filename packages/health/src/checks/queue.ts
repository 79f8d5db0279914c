import { type Clock, type Duration, InvalidOptionsError } from '@ops/timeout';
import {
  durationMs,
  type Fault,
  parseOptions,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import type { Measurement } from '../measurement.ts';
import { record } from '../record.ts';
import { codeOf, judge, type Thresholds, thresholdFaults } from '../thresholds.ts';
import { type BullQueue, bullCounts, type QueueCounts, readCounts } from './queue-counts.ts';

/** From how many jobs on. */
export interface CountThresholds {
  readonly warn?: number | undefined;
  readonly fail?: number | undefined;
}

/** From how long on. */
export interface AgeThresholds {
  readonly warn?: Duration | undefined;
  readonly fail?: Duration | undefined;
}

/**
 * Options of {@link queue}. There are no default thresholds: what is a backlog to one queue is a
 * quiet hour to another.
 */
export interface QueueOptions extends CheckPolicy {
  readonly waiting?: CountThresholds | undefined;
  readonly active?: CountThresholds | undefined;
  readonly delayed?: CountThresholds | undefined;
  readonly failed?: CountThresholds | undefined;
  /** Of the oldest waiting job: the best sign of workers that do not get on. */
  readonly oldest?: AgeThresholds | undefined;
  /** For the age of the oldest job. Default: the real time. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** Gives the counts of a queue of any kind. */
export type CountQueue = (context: CheckContext) => QueueCounts | Promise<QueueCounts>;

const count = z
  .int('expected a whole number of jobs')
  .min(1, 'expected a whole number of jobs, 1 or more')
  .optional();
const counts = z
  .strictObject({ warn: count, fail: count } satisfies Shape<CountThresholds>)
  .optional();
const age = durationMs({ isMinExcluded: true, maxMs: Number.MAX_SAFE_INTEGER }).optional();

const schema = z.strictObject({
  ...checkPolicy,
  waiting: counts,
  active: counts,
  delayed: counts,
  failed: counts,
  oldest: z.strictObject({ warn: age, fail: age } satisfies Shape<AgeThresholds>).optional(),
  clock: withMethods<Pick<Clock, 'now'>>('now').optional(),
} satisfies Shape<QueueOptions>);

/**
 * How many jobs a queue holds, and how long the oldest has waited, with thresholds for each. Takes a
 * function, or a queue of BullMQ, of which it asks two commands at most. A count with a threshold
 * that is not told fails with `bad_response`: what is not known is no pass.
 *
 * Codes: `saturated` (waiting, oldest), `threshold` (the others), and those of the connection.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function queue(
  source: BullQueue | CountQueue,
  options: QueueOptions = {},
): ExternalCheckSpec {
  const { waiting, active, delayed, failed, oldest, clock, ...policy } = parseOptions(
    schema,
    options,
    { of: 'queue', further: faultsBetween },
  );
  const isFunction = typeof source === 'function';
  if (!isFunction && !withMethods<BullQueue>('getJobCounts').safeParse(source).success) {
    throw new InvalidOptionsError(
      'queue: source: expected a function, or an object with getJobCounts()',
    );
  }
  const ask: CountQueue = isFunction
    ? source
    : () => bullCounts(source, { needsOldest: oldest !== undefined, clock });
  const limits: readonly Limit[] = [
    { key: 'waiting', code: 'saturated', thresholds: waiting },
    { key: 'oldestMs', code: 'saturated', thresholds: oldest },
    { key: 'failed', code: 'threshold', thresholds: failed },
    { key: 'delayed', code: 'threshold', thresholds: delayed },
    { key: 'active', code: 'threshold', thresholds: active },
  ];
  return {
    kind: 'datastore',
    ...policy,
    external: true,
    run: async (context) => {
      const told = await countsOf(ask, context);
      return limits.flatMap((limit) => measure(told, limit));
    },
  };
}

interface Limit {
  readonly key: keyof QueueCounts;
  readonly code: 'saturated' | 'threshold';
  readonly thresholds: Thresholds | undefined;
}

function faultsBetween(options: unknown): Fault[] {
  const given = record(options);
  return ['waiting', 'active', 'delayed', 'failed', 'oldest'].flatMap((key) =>
    thresholdFaults(given[key], [key]),
  );
}

async function countsOf(ask: CountQueue, context: CheckContext): Promise<QueueCounts> {
  try {
    const told = readCounts(await ask(context));
    if (Object.keys(told).length > 0) return told;
  } catch (error) {
    if (error instanceof CheckFailedError) throw error;
    const reason = systemCodeOf(error) ?? 'the counts could not be had';
    throw new CheckFailedError(classifyError(error), `no counts: ${reason}`, { cause: error });
  }
  throw new CheckFailedError('bad_response', 'no count was told');
}

function measure(told: QueueCounts, { key, code, thresholds }: Limit): Measurement[] {
  const value = told[key];
  const [what, unit] = key === 'oldestMs' ? ['oldest', 'ms'] : [key, 'jobs'];
  if (value === undefined) {
    if (thresholds === undefined) return [];
    const message = `${what} has a threshold, and is not told`;
    return [{ measurement: what, status: 'fail', code: 'bad_response', message }];
  }
  const status = judge(value, thresholds ?? {});
  return [
    {
      measurement: what,
      value,
      unit,
      status,
      code: status === 'pass' ? codeOf(status) : code,
      message: status === 'pass' ? undefined : `${what}: ${value} ${unit}`,
    },
  ];
}
