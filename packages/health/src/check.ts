import type { CheckPolicy } from './check-policy.ts';
import type { Measurement } from './measurement.ts';

/** Nothing: the check passes. Throwing: it fails. Of several measurements the worst decides. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a check written as `async () => { … }` returns void
export type Outcome = void | undefined | Measurement | readonly Measurement[];

/** What a check is given. */
export interface CheckContext {
  /** Aborted when the time limit is reached and when the health object is stopped; never by a probe. */
  readonly signal: AbortSignal;
  /** The check's key in `checks`. */
  readonly name: string;
  /** Counts the attempts of this check, from 1. */
  readonly attempt: number;
  /** The time limit of this attempt, in milliseconds. */
  readonly timeoutMs: number;
}

/** A check that needs no options of its own. */
export type CheckFunction = (context: CheckContext) => Outcome | Promise<Outcome>;

/** How one check is run and judged. */
export interface CheckSpec extends CheckPolicy {
  /**
   * Does the check. Called with no attempt of the same check outstanding; one that ignores its
   * signal and never settles is therefore called once and not again. It runs in the async context
   * in which the health object was made, never in that of a request.
   */
  run(context: CheckContext): Outcome | Promise<Outcome>;
  /**
   * What is looked at, by the health+json draft.
   * @default 'component'
   */
  readonly kind?: 'component' | 'datastore' | 'system' | undefined;
  /**
   * Whether it depends on something outside this process. Such a check cannot be a member of
   * `live`: restarting this process would not repair the other side.
   * @default false
   */
  readonly external?: boolean | undefined;
  /** Lets go of what the check holds. Called once, by `stop()`, after its signal was aborted. */
  close?(): void | Promise<void>;
}

/** A check on something outside this process. */
export interface ExternalCheckSpec extends CheckSpec {
  readonly external: true;
}

/** A function or a {@link CheckSpec}. */
export type Check = CheckFunction | CheckSpec;
