import type { Outcome, Verdict } from './classify.ts';

/** One attempt that failed. */
export interface AttemptRecord {
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict['kind'];
  /** Wall-clock time of its end, in milliseconds since 1970. */
  readonly endedAt: number;
}

const logs = /* @__PURE__ */ new WeakMap<object, readonly AttemptRecord[]>();

/**
 * The failed attempts behind an error that `retry` let through, or behind a failing value (a
 * `Response`); empty for anything else. Kept beside the error, which stays the one that was thrown.
 */
export function attemptsOf(error: unknown): readonly AttemptRecord[] {
  return logs.get(Object(error) as object) ?? [];
}

/** Primitives cannot carry a log. */
export function recordAttempts(outcome: Outcome, log: readonly AttemptRecord[]): void {
  const subject = outcome.ok ? outcome.value : outcome.error;
  if (Object(subject) === subject) logs.set(subject as object, log);
}
