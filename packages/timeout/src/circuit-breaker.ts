import { type CallContext, ownContext } from './call-context.ts';
import { readOptions } from './check-options.ts';
import type { CircuitSettings, Evidence, OnChange } from './circuit.ts';
import { type BreakerSnapshot, type Circuits, createCircuits } from './circuits.ts';
import { isTurnedAway, type Outcome, type Verdict } from './classify.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Duration } from './duration.ts';
import { defaultEnvironment } from './environment.ts';
import { CircuitOpenError } from './errors.ts';
import type { CircuitState } from './events.ts';
import type { Context, Environment, Execute, Operation, Policy } from './policy.ts';

/** Options of {@link circuitBreaker}; at least one of `failureRatio`, `consecutive`, `slowRatio`. */
export interface CircuitBreakerOptions {
  /** Opens when this share of the calls in the window failed, above 0, up to 1. */
  readonly failureRatio?: number | undefined;
  /** Opens after this many failures in a row, whatever the window holds. */
  readonly consecutive?: number | undefined;
  /** Opens when this share of the calls in the window took `slowCall` or longer; above 0, up to 1. */
  readonly slowRatio?: number | undefined;
  /** What `slowRatio` calls slow; needed with it. */
  readonly slowCall?: Duration | undefined;
  /** How far back the two ratios look. @default '30s' */
  readonly window?: Duration | undefined;
  /** The step in which the window forgets; at most `window`. Default: a tenth of it. */
  readonly bucket?: Duration | undefined;
  /** Calls in the window below which the ratios say nothing. @default 10 */
  readonly minimum?: number | undefined;
  /** How long it stays open the first time; doubled each time that a probe fails. @default '15s' */
  readonly openFor?: Duration | undefined;
  /** The longest open time. Default: 5 minutes, or `openFor` if that is longer. */
  readonly maxOpenFor?: Duration | undefined;
  /** Good probes that close it, and the most that run at once. @default 1 */
  readonly probes?: number | undefined;
  /** Circuits kept; beyond it a closed one that was unused for the longest time goes. @default 1000 */
  readonly maxKeys?: number | undefined;
  /** A closed circuit unused for this long is forgotten. @default '10m' */
  readonly idleFor?: Duration | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** A policy with a circuit for each key. */
export interface CircuitBreaker extends Policy {
  /** `key` default: `''`, the key of runs that give none. */
  state(key?: string): CircuitState;
  /** Turns every call away until the result is disposed; all keys when none is given. */
  isolate(key?: string): Disposable;
  /** For another process or a later start; isolation is not in it. */
  snapshot(): BreakerSnapshot;
  /**
   * Takes over the circuits of a snapshot, as much later as the wall clock says.
   *
   * @throws InvalidOptionsError when it is not a snapshot; nothing is taken over then.
   */
  restore(snapshot: BreakerSnapshot): void;
}

/**
 * Turns calls away with {@link CircuitOpenError} while the other side is in trouble.
 *
 * A failure is what `classify` calls `failure`, `ambiguous` or `not-sent`. Counted for nobody:
 * `rejected` (a 429 is not sickness), `ignore`, a caller's abort, and being turned away by a layer
 * further in.
 *
 * @throws InvalidOptionsError when an option is wrong.
 */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { settings, clock, maxKeys, idleForMs } = readBreakerOptions(options);
  const circuits = createCircuits(settings, clock, maxKeys, idleForMs);
  return {
    kind: 'circuit-breaker',
    state: (key = '') => circuits.state(key),
    isolate: (key) => circuits.isolate(key),
    snapshot: () => circuits.snapshot(),
    restore: (snapshot) => circuits.restore(snapshot),
    wrap: (next, environment = defaultEnvironment) => protect(next, circuits, environment),
  };
}

function protect(next: Execute, circuits: Circuits, { classify, emit }: Environment): Execute {
  const judge = (outcome: Outcome, context: CallContext): Evidence => {
    if (context.isAbandoned || (!outcome.ok && isTurnedAway(outcome.error))) return 'none';
    return EVIDENCE[classify(outcome, context).kind];
  };
  return async <T>(operation: Operation<T>, given: Context): Promise<T> => {
    const context = ownContext(given);
    const { key } = context;
    const onChange: OnChange = emit
      ? (from, to) => emit({ type: 'circuit', key, from, to })
      : ignoreChange;
    const circuit = circuits.get(key);
    const permit = circuits.isIsolated(key) ? Infinity : circuit.enter(onChange);
    if (typeof permit === 'number') {
      emit?.({ type: 'circuit-rejected', key, retryAfterMs: permit });
      throw new CircuitOpenError(key, permit);
    }
    let outcome: Outcome;
    try {
      outcome = { ok: true, value: await next(operation, context) };
    } catch (error) {
      outcome = { ok: false, error };
    }
    let evidence: Evidence = 'none';
    try {
      evidence = judge(outcome, context);
    } finally {
      circuit.leave(permit, evidence, onChange);
    }
    if (outcome.ok) return outcome.value as T;
    throw outcome.error;
  };
}

const ignoreChange: OnChange = () => {};

const EVIDENCE: Readonly<Record<Verdict['kind'], Evidence>> = {
  success: 'success',
  failure: 'failure',
  ambiguous: 'failure',
  'not-sent': 'failure',
  rejected: 'none',
  ignore: 'none',
};

function readBreakerOptions(options: CircuitBreakerOptions): {
  settings: CircuitSettings;
  clock: Clock;
  maxKeys: number;
  idleForMs: number;
} {
  const read = readOptions('circuitBreaker', options);
  const ratio = (name: string): number => read.number(name, Number.MIN_VALUE, 1) ?? Infinity;
  const failureRatio = ratio('failureRatio');
  const slowRatio = ratio('slowRatio');
  const consecutive = read.count('consecutive', 1) ?? Infinity;
  const slowCallMs = read.duration('slowCall', 1) ?? Infinity;
  const windowMs = read.duration('window', 10) ?? 30_000;
  const bucketMs = read.duration('bucket', 1) ?? windowMs / 10;
  const openForMs = read.duration('openFor', 1) ?? 15_000;
  const maxOpenForMs = read.duration('maxOpenFor', 1) ?? Math.max(openForMs, 300_000);
  const settings: CircuitSettings = {
    failureRatio,
    slowRatio,
    consecutive,
    slowCallMs,
    bucketMs,
    bucketCount: Math.max(1, Math.round(windowMs / bucketMs)),
    openForMs,
    maxOpenForMs,
    minimum: read.count('minimum', 1) ?? 10,
    probes: read.count('probes', 1, 1000) ?? 1,
  };
  const maxKeys = read.count('maxKeys', 1) ?? 1000;
  const idleForMs = read.duration('idleFor', 1) ?? 600_000;
  const clock = read.clock('clock') ?? systemClock;
  read.fault(
    Math.min(failureRatio, slowRatio, consecutive) === Infinity,
    'expected failureRatio, consecutive or slowRatio; without one it would never open',
  );
  read.fault(
    slowRatio < Infinity !== slowCallMs < Infinity,
    'slowRatio and slowCall: expected both or neither',
  );
  read.fault(
    windowMs < bucketMs,
    `window: expected at least one bucket (${bucketMs} ms), got ${windowMs} ms`,
  );
  read.fault(windowMs / bucketMs > 1000, 'bucket: expected at most 1000 to a window');
  read.fault(
    maxOpenForMs < openForMs,
    `maxOpenFor: expected at least openFor (${openForMs} ms), got ${maxOpenForMs} ms`,
  );
  read.done();
  return { settings, clock, maxKeys, idleForMs };
}
