// Limits on one operation, and layers around it.

// What failed attempts leave behind.
export { type AttemptRecord, attemptsOf } from './attempts.ts';
// How attempts are spaced out.
export {
  type Backoff,
  type BackoffStep,
  backoff,
  type DecorrelatedOptions,
  type ExponentialOptions,
  type Jitter,
} from './backoff.ts';
// Layers of a pipeline that hold a state for each key.
export { type Bulkhead, type BulkheadOptions, bulkhead } from './bulkhead.ts';
export type { CircuitSnapshot } from './circuit.ts';
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  circuitBreaker,
} from './circuit-breaker.ts';
export type { BreakerSnapshot } from './circuits.ts';
// The one judge of outcomes.
export { type Classify, classifyError, type Outcome, type Verdict } from './classify.ts';
// Lengths of time and where time comes from; the other packages use these.
export { type Clock, systemClock, type Timer } from './clock.ts';
export { type Deadline, deadlineIn, noDeadline } from './deadline.ts';
// A signal that can be let go of.
export { type DerivedSignal, deriveSignal } from './derive-signal.ts';
export { type Duration, toMilliseconds } from './duration.ts';
// Everything that is thrown.
export {
  BulkheadFullError,
  CircuitOpenError,
  InvalidOptionsError,
  TimeoutError,
  type TimeoutErrorOptions,
  type TimeoutScope,
} from './errors.ts';
export type { CircuitState, PipelineEvent, RetryStop } from './events.ts';
// The other layers, and what puts them together.
export { fallback } from './fallback.ts';
export { type HedgeOptions, hedge } from './hedge.ts';
export { type PipelineOptions, pipeline } from './pipeline.ts';
export type {
  Context,
  Environment,
  Execute,
  Operation,
  Policy,
  PolicyKind,
  Run,
  RunOptions,
} from './policy.ts';
export { type RetryOptions, retry } from './retry.ts';
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './retry-budget.ts';
export { deadline, timeout } from './timeout.ts';
export { type OperationContext, type WithTimeoutOptions, withTimeout } from './with-timeout.ts';
