import { type CallContext, ownContext } from './call-context.ts';
import { readOptions } from './check-options.ts';
import { isRepeatable, type Outcome } from './classify.ts';
import type { Timer } from './clock.ts';
import type { Duration } from './duration.ts';
import { defaultEnvironment } from './environment.ts';
import type { Environment, Execute, Operation, Policy } from './policy.ts';
import { createQuantile, type Quantile } from './quantile.ts';
import type { RetryBudget } from './retry-budget.ts';
import { SignalSource } from './signal-source.ts';
import { LONGEST_TIMER_MS } from './sleep.ts';

/** Options of {@link hedge}. */
export interface HedgeOptions {
  /** Start another copy when there is no result after this long; with `quantile`, until that is known. */
  readonly delay: Duration;
  /**
   * Wait instead for as long as this share of the last 200 successful calls took, above 0, below 1;
   * known after 20 calls. 0.95 hedges about every twentieth call.
   */
  readonly quantile?: number | undefined;
  /** Copies beside the first, 1 to 10. @default 1 */
  readonly copies?: number | undefined;
  /** What the copies are drawn from; share it with `retry`. */
  readonly budget?: RetryBudget | undefined;
}

interface Settings {
  readonly copies: number;
  readonly budget: RetryBudget | undefined;
  readonly delayMs: () => number;
  readonly observed: Quantile | undefined;
}

/**
 * Runs the operation a second time when the first is slow, takes the first good result and aborts
 * the others (reason: an `AbortError`). A failure counts only when no other copy is running, unless
 * `classify` says that repeating cannot help. Never for a run with `idempotent: false`.
 *
 * @throws InvalidOptionsError when an option is wrong.
 */
export function hedge(options: HedgeOptions): Policy {
  const read = readOptions('hedge', options);
  const quantile = read.number('quantile', Number.MIN_VALUE, 1 - Number.EPSILON);
  const fixedMs = read.duration('delay');
  const copies = read.count('copies', 1, 10) ?? 1;
  const budget = read.object<RetryBudget>('budget', ['deposit', 'withdraw']);
  read.fault(options?.delay === undefined, 'delay: expected a duration, got none');
  read.done();
  const observed = quantile === undefined ? undefined : createQuantile(quantile);
  const delayMs = (): number => observed?.value ?? fixedMs ?? 0;
  const settings: Settings = { copies, budget, observed, delayMs };
  return {
    kind: 'hedge',
    budget,
    wrap: (next, environment = defaultEnvironment) => {
      const fed = budget && environment.fedBudgets.includes(budget) ? undefined : budget;
      return (operation, context) => {
        fed?.deposit();
        return context.idempotent === false
          ? next(operation, context)
          : compete(next, operation, ownContext(context), settings, environment);
      };
    },
  };
}

function compete<T>(
  next: Execute,
  operation: Operation<T>,
  context: CallContext,
  { copies, budget, observed, delayMs }: Settings,
  { classify, clock, emit }: Environment,
): Promise<T> {
  const { key, attempt } = context;
  const parent = context.source.abortable;
  const beganMs = clock.monotonic();
  return new Promise<T>((resolve, reject) => {
    const running = new Set<SignalSource>();
    let startedCount = 0;
    let timer: Timer | undefined;

    const end = (reason: () => unknown): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      timer = undefined;
      startedCount = Infinity;
      parent?.removeEventListener('abort', onAbort);
      for (const source of running) source.abort(reason());
      running.clear();
    };
    const fail = (reason: unknown): void => {
      end(() => reason);
      reject(reason);
    };
    const onAbort = (): void => fail(parent?.reason);
    const onOutcome = (source: SignalSource, outcome: Outcome): void => {
      if (!running.delete(source)) return;
      const verdict = classify(outcome, context);
      if (isRepeatable(verdict) && running.size > 0) return;
      // From the beginning of the first copy: a copy's own time would make slow calls look fast,
      // and the quantile would sink with every hedge.
      if (verdict.kind === 'success') observed?.add(clock.monotonic() - beganMs);
      end(() => new DOMException('Another copy of this call was faster', 'AbortError'));
      if (outcome.ok) resolve(outcome.value as T);
      else reject(outcome.error);
    };
    const start = (): void => {
      startedCount += 1;
      const source = new SignalSource();
      running.add(source);
      next(operation, context.fork(source))
        .then(
          (value) => onOutcome(source, { ok: true, value }),
          (error: unknown) => onOutcome(source, { ok: false, error }),
        )
        // `classify` threw.
        .catch(fail);
      schedule();
    };
    const schedule = (): void => {
      const waitMs = delayMs();
      if (startedCount > copies || waitMs > LONGEST_TIMER_MS) return;
      timer = clock.setTimeout(() => {
        timer = undefined;
        if (budget?.withdraw() === false) return;
        emit?.({ type: 'hedge', key, attempt, delayMs: waitMs });
        // Who listens may have aborted.
        if (!parent?.aborted) start();
      }, Math.ceil(waitMs));
    };
    if (parent?.aborted) {
      reject(parent.reason as Error);
      return;
    }
    parent?.addEventListener('abort', onAbort);
    start();
  });
}
