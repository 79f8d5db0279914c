import { CallContext } from './call-context.ts';
import { readOptions } from './check-options.ts';
import { type Classify, classifyError } from './classify.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Deadline, neverBy } from './deadline.ts';
import { defaultEnvironment } from './environment.ts';
import { InvalidOptionsError } from './errors.ts';
import type { PipelineEvent } from './events.ts';
import { GivenSignal } from './given-signal.ts';
import { call, guard } from './guard.ts';
import { faultInOrder } from './pipeline-order.ts';
import type { Environment, Execute, Policy, Run } from './policy.ts';

/** What all layers of a pipeline share. */
export interface PipelineOptions {
  /** The one judge of outcomes for retry, breaker, budget and hedge. Default: `classifyError`. */
  readonly classify?: Classify | undefined;
  /** Told of everything that happens; what it throws is dropped. Without it no event is made. */
  readonly onEvent?: ((event: PipelineEvent) => void) | undefined;
  /** A deadline from around the call, as `currentDeadline` of `@ops/timeout/node`. The sooner holds. */
  readonly parentDeadline?: (() => Deadline | undefined) | undefined;
  /** For deadlines and waits; breakers and budgets have their own. Default: the real time. */
  readonly clock?: Clock | undefined;
  /** From 0 (included) to 1 (excluded), for jitter. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Puts layers around an operation, the outermost first:
 * `fallback, bulkhead, deadline, retry, circuitBreaker, hedge, timeout`, each at most once and none
 * of them needed.
 *
 * @throws InvalidOptionsError when an option is wrong, or when an order would do something else
 *   than it seems to; the message says what, and gives the order to write.
 */
export function pipeline(...policies: Policy[]): Run;
export function pipeline(options: PipelineOptions, ...policies: Policy[]): Run;
export function pipeline(...given: (PipelineOptions | Policy)[]): Run {
  const [first] = given;
  const hasOptions = first !== undefined && !isPolicy(first);
  const policies = given.slice(hasOptions ? 1 : 0);
  const wrong = policies.findIndex((policy) => !isPolicy(policy));
  if (wrong !== -1) {
    throw new InvalidOptionsError(
      `pipeline: argument ${wrong + (hasOptions ? 2 : 1)} is not a policy; expected pipeline(options?, ...policies)`,
    );
  }
  return compose(hasOptions ? first : {}, policies as Policy[]);
}

function isPolicy(value: unknown): value is Policy {
  return typeof (Object(value) as Partial<Policy>).wrap === 'function';
}

function compose(options: PipelineOptions, policies: readonly Policy[]): Run {
  const read = readOptions('pipeline', options);
  const onEvent = read.function<(event: PipelineEvent) => void>('onEvent');
  const parentDeadline = read.function<() => Deadline | undefined>('parentDeadline');
  const environment: Environment = {
    classify: read.function<Classify>('classify') ?? classifyError,
    clock: read.clock('clock') ?? systemClock,
    random: read.function<() => number>('random') ?? defaultEnvironment.random,
    emit: onEvent && quiet(onEvent),
    fedBudgets: [],
  };
  const fault = faultInOrder(policies.map(({ kind }) => kind));
  read.fault(fault !== undefined, fault ?? '');
  read.done();

  const execute = wrapAll(policies, environment);
  const never = neverBy(environment.clock);
  const run: Run = (operation, given = {}) => {
    try {
      const { signal, deadline, key = '', idempotent } = given;
      signal?.throwIfAborted();
      const source = new GivenSignal(signal);
      const until = sooner(deadline ?? never, parentDeadline?.());
      const context = new CallContext(source, 1, until, key, idempotent, signal);
      if (environment.emit === undefined) return execute(operation, context);
      return reported(() => execute(operation, context), context, environment);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return run;
}

async function reported<T>(
  settle: () => Promise<T>,
  context: CallContext,
  { clock, emit }: Environment,
): Promise<T> {
  const { key } = context;
  const startedMs = clock.monotonic();
  const settled = (ok: boolean, error?: unknown): void => {
    if (context.isAbandoned) return;
    emit?.({ type: 'settled', key, ok, elapsedMs: clock.monotonic() - startedMs, error });
  };
  try {
    const value = await settle();
    settled(true);
    return value;
  } catch (error) {
    settled(false, error);
    throw error;
  }
}

function wrapAll(policies: readonly Policy[], environment: Environment): Execute {
  const isGuarded = policies.at(-1)?.kind === 'timeout';
  const innermost = isGuarded ? call : guard(Infinity, call, environment);
  return policies.reduceRight<Execute>((next, policy, index) => {
    const fedBudgets = policies.slice(0, index).flatMap(({ budget }) => budget ?? []);
    return policy.wrap(next, { ...environment, fedBudgets });
  }, innermost);
}

function sooner(one: Deadline, other: Deadline | undefined): Deadline {
  return other !== undefined && other.remainingMs() < one.remainingMs() ? other : one;
}

function quiet(onEvent: (event: PipelineEvent) => void): (event: PipelineEvent) => void {
  return (event) => {
    try {
      onEvent(event);
    } catch {
      // A listener must not be able to break the call that it listens to.
    }
  };
}
