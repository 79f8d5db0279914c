import type { Classify } from './classify.ts';
import type { Clock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import type { PipelineEvent } from './events.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What an operation is given, and what policies pass inwards. */
export interface Context {
  /**
   * Aborted on timeout, when the deadline passes, and when the caller aborts; the reason says which.
   * Made when it is first read.
   */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
  /** The latest moment at which a result is still wanted; never expires when nobody set one. */
  readonly deadline: Deadline;
  /** Which dependency this call goes to; breakers and bulkheads keep a state per key. Default `''`. */
  readonly key: string;
  /** Whether running the operation twice does no harm; `undefined` leaves it to `classify`. */
  readonly idempotent: boolean | undefined;
}

/** The work. Called once an attempt. */
export type Operation<T> = (context: Context) => T | PromiseLike<T>;

/** How a pipeline runs an operation. */
export interface RunOptions {
  /** Aborting it rejects at once with the identical `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** A result is not wanted after it. The soonest deadline holds. */
  readonly deadline?: Deadline | undefined;
  /** Which dependency the call goes to. Default `''`. */
  readonly key?: string | undefined;
  /** `false`: what may have been done is not done again, and nothing is hedged. */
  readonly idempotent?: boolean | undefined;
}

/** What `pipeline` returns. */
export type Run = <T>(operation: Operation<T>, options?: RunOptions) => Promise<T>;

/** One layer: takes what lies inside it and gives the same thing with its behaviour around it. */
export type Execute = <T>(operation: Operation<T>, context: Context) => Promise<T>;

/** What a policy of your own is: `custom`, at any place and as often as you like. */
export type PolicyKind =
  | 'custom'
  | 'bulkhead'
  | 'deadline'
  | 'fallback'
  | 'hedge'
  | 'retry'
  | 'circuit-breaker'
  | 'timeout';

/** What the layers of one pipeline share. */
export interface Environment {
  /** For deadlines and waits. Breakers and budgets outlive a pipeline and have their own. */
  readonly clock: Clock;
  /** Judges every outcome, for all layers alike. */
  readonly classify: Classify;
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
  /** Absent when nobody listens, so that no event is even made. Never throws. */
  readonly emit: ((event: PipelineEvent) => void) | undefined;
  /** Budgets that an outer layer feeds already. */
  readonly fedBudgets: readonly RetryBudget[];
}

/**
 * A layer of a pipeline. Your own must pass the context on, and must not wait longer than
 * `context.deadline` and `context.signal` allow.
 */
export interface Policy {
  readonly kind: PolicyKind;
  /** The budget that it draws repetitions from. */
  readonly budget?: RetryBudget | undefined;
  /** @param environment default: the real time, `classifyError` and nobody listening. */
  wrap(next: Execute, environment?: Environment): Execute;
}
