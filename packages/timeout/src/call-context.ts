import type { Deadline } from './deadline.ts';
import { TimeoutError } from './errors.ts';
import { GivenSignal } from './given-signal.ts';
import type { Context } from './policy.ts';
import type { SignalSource } from './signal-source.ts';

/** The {@link Context} of the layers here; a class, since an accessor in a literal costs far more. */
export class CallContext implements Context {
  readonly source: SignalSource;
  readonly attempt: number;
  readonly deadline: Deadline;
  readonly key: string;
  readonly idempotent: boolean | undefined;
  /** The signal that the caller gave to the run. */
  readonly caller: AbortSignal | undefined;

  constructor(
    source: SignalSource,
    attempt: number,
    deadline: Deadline,
    key: string,
    idempotent: boolean | undefined,
    caller: AbortSignal | undefined,
  ) {
    this.source = source;
    this.attempt = attempt;
    this.deadline = deadline;
    this.key = key;
    this.idempotent = idempotent;
    this.caller = caller;
  }

  get signal(): AbortSignal {
    return this.source.signal;
  }

  /** The same call with another signal, attempt or deadline. */
  fork(
    source: SignalSource,
    attempt: number = this.attempt,
    deadline: Deadline = this.deadline,
  ): CallContext {
    return new CallContext(source, attempt, deadline, this.key, this.idempotent, this.caller);
  }

  /**
   * Nobody waits for the outcome any more: the caller aborted, or a hedge beside it won. Then the
   * outcome says nothing about the dependency. A time limit further out does say something.
   */
  get isAbandoned(): boolean {
    if (this.caller?.aborted) return true;
    const signal = this.source.abortable;
    return signal !== undefined && signal.aborted && !(signal.reason instanceof TimeoutError);
  }
}

/** Takes in a context that somebody else made. */
export function ownContext(context: Context): CallContext {
  if (context instanceof CallContext) return context;
  const { signal, attempt, deadline, key, idempotent } = context;
  return new CallContext(new GivenSignal(signal), attempt, deadline, key, idempotent, signal);
}
