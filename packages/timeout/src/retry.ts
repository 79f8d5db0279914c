import pRetry from 'p-retry';
import { type AttemptRecord, recordAttempts } from './attempts.ts';
import { type Backoff, backoff } from './backoff.ts';
import { type CallContext, ownContext } from './call-context.ts';
import { readOptions } from './check-options.ts';
import { isRepeatable, type Outcome, type Verdict } from './classify.ts';
import type { Duration } from './duration.ts';
import { defaultEnvironment } from './environment.ts';
import { InvalidOptionsError } from './errors.ts';
import type { RetryStop } from './events.ts';
import type { Environment, Execute, Operation, Policy } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';
import { sleep } from './sleep.ts';

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Attempts after the first, 0 to 100. @default 2 */
  readonly retries?: number | undefined;
  /** Default: exponential from 250 ms to 30 s, full jitter. */
  readonly backoff?: Backoff | undefined;
  /** What the repetitions are drawn from; without one only `retries` bounds them. */
  readonly budget?: RetryBudget | undefined;
  /**
   * A longer wait that the other side asks for (`Retry-After`) ends the call at once.
   * @default '60s'
   */
  readonly maxRetryAfter?: Duration | undefined;
}

/** No attempt is begun with less than this left: a timer may be late by it. */
const FLOOR_MS = 1;
/** The share by which a demanded wait is stretched at random, so that not all come back at once. */
const STRETCH = 0.2;

interface Settings {
  readonly retries: number;
  readonly delay: Backoff;
  readonly budget: RetryBudget | undefined;
  readonly maxRetryAfterMs: number;
}

/**
 * Repeats what `classify` calls `not-sent` or `rejected`, and what it calls `ambiguous` unless the
 * run says `idempotent: false`. The last outcome passes through as it is: the same error, or the
 * same value. It ends early, with that outcome, when the next attempt would begin after the
 * deadline or the budget is spent. An abort ends it at once, in an attempt or between two.
 *
 * @throws InvalidOptionsError when an option is wrong.
 */
export function retry(options: RetryOptions = {}): Policy {
  const read = readOptions('retry', options);
  const settings: Settings = {
    retries: read.count('retries', 0, 100) ?? 2,
    delay: read.function<Backoff>('backoff') ?? backoff.exponential(),
    budget: read.object<RetryBudget>('budget', ['deposit', 'withdraw']),
    maxRetryAfterMs: read.duration('maxRetryAfter') ?? 60_000,
  };
  read.done();
  const { budget } = settings;
  return {
    kind: 'retry',
    budget,
    wrap: (next, environment = defaultEnvironment) => {
      const fed = budget && environment.fedBudgets.includes(budget) ? undefined : budget;
      return (operation, context) => {
        fed?.deposit();
        return repeat(next, operation, ownContext(context), settings, environment);
      };
    },
  };
}

/** A failed attempt, in the form in which p-retry takes it. */
interface Failure {
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}

async function repeat<T>(
  next: Execute,
  operation: Operation<T>,
  context: CallContext,
  settings: Settings,
  environment: Environment,
): Promise<T> {
  let outcome: Outcome;
  try {
    outcome = { ok: true, value: await next(operation, context) };
  } catch (error) {
    outcome = { ok: false, error };
  }
  const failure = judge(outcome, context, environment);
  // p-retry is not needed for a call that succeeds: it takes over with the first failure.
  if (failure === undefined) return (outcome as { value: T }).value;
  return repeatAfter(failure, next, operation, context, settings, environment);
}

async function repeatAfter<T>(
  first: Failure,
  next: Execute,
  operation: Operation<T>,
  context: CallContext,
  settings: Settings,
  environment: Environment,
): Promise<T> {
  let last: Failure = first;
  const series = createSeries(context, settings, environment);
  const attempt = async (number: number): Promise<T> => {
    if (number > 1) {
      const again = context.fork(context.source, number);
      let outcome: Outcome;
      try {
        outcome = { ok: true, value: await next(operation, again) };
      } catch (error) {
        outcome = { ok: false, error };
      }
      const failure = judge(outcome, again, environment);
      if (failure === undefined) return (outcome as { value: T }).value;
      last = failure;
    }
    series.record(last);
    throw last as unknown as Error;
  };
  try {
    return await pRetry(attempt, {
      retries: settings.retries,
      // The wait is in shouldRetry, where it can be chosen for each attempt and be aborted.
      minTimeout: 0,
      shouldRetry: () => series.prepareNext(last),
      signal: context.source.abortable,
    });
  } catch (error) {
    // Otherwise the reason of an abort, or what a `backoff` threw.
    if (error !== last) throw error;
  }
  series.end(last);
  if (!last.outcome.ok) throw last.outcome.error;
  return last.outcome.value as T;
}

/**
 * `undefined` for a success; for everything else, what p-retry can carry unchanged. It refuses some
 * errors before asking, wraps what is no `Error` and knows no failing values; and to build a real
 * `Error` around each would cost its stack.
 */
function judge(
  outcome: Outcome,
  context: CallContext,
  { classify }: Environment,
): Failure | undefined {
  const verdict: Verdict = context.isAbandoned ? { kind: 'ignore' } : classify(outcome, context);
  if (outcome.ok && !isRepeatable(verdict)) return undefined;
  const failure: Failure = { attempt: context.attempt, outcome, verdict };
  return Object.assign(Object.create(Error.prototype) as object, failure);
}

/** Decides after each failure whether another attempt follows, and waits for it. */
function createSeries(
  context: CallContext,
  { budget, delay, maxRetryAfterMs }: Settings,
  { clock, emit, random }: Environment,
): {
  record(failure: Failure): void;
  prepareNext(failure: Failure): Promise<boolean>;
  end(failure: Failure): void;
} {
  const { deadline, key } = context;
  const log: AttemptRecord[] = [];
  let stopped: RetryStop | undefined;
  let previousMs = 0;

  /** Why none follows, or how long to wait for the next. */
  const plan = ({ attempt, verdict }: Failure): RetryStop | number => {
    if (!isRepeatable(verdict)) return 'not-repeatable';
    if (verdict.kind === 'ambiguous' && context.idempotent === false) return 'not-repeatable';
    const { afterMs = 0 } = verdict;
    if (afterMs > maxRetryAfterMs) return 'wait-too-long';
    const backoffMs = Math.max(0, delay({ attempt, previousMs, random }));
    const delayMs = Math.max(backoffMs, afterMs * (1 + STRETCH * random()));
    // A timer would take it for 0, and hammer.
    if (Number.isNaN(delayMs)) {
      throw new InvalidOptionsError(
        'retry: expected milliseconds from backoff and afterMs, got NaN',
      );
    }
    if (delayMs + FLOOR_MS >= deadline.remainingMs()) return 'deadline';
    return budget?.withdraw() === false ? 'budget' : delayMs;
  };

  return {
    record({ attempt, outcome, verdict }) {
      log.push({ attempt, outcome, verdict: verdict.kind, endedAt: clock.now() });
    },
    async prepareNext(failure) {
      const delayMs = plan(failure);
      if (typeof delayMs === 'string') {
        stopped = delayMs;
        return false;
      }
      const { attempt, outcome, verdict } = failure;
      emit?.({ type: 'retry', key, attempt, delayMs, outcome, verdict: verdict.kind });
      await sleep(delayMs, context.source.abortable, clock);
      previousMs = delayMs;
      if (!deadline.isExpired) return true;
      stopped = 'deadline';
      return false;
    },
    end({ attempt, outcome }) {
      recordAttempts(outcome, log);
      emit?.({ type: 'retry-stopped', key, attempt, outcome, reason: stopped ?? 'exhausted' });
    },
  };
}
