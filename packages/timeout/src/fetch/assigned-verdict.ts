import type { Verdict } from '../classify.ts';

// Beside the error and not on it, so that what the caller catches carries nothing of ours.
const assigned = /* @__PURE__ */ new WeakMap<Error, Verdict>();

/** Says what an error means, where only the one that throws it can know. Returns the error. */
export function assignVerdict<E extends Error>(error: E, verdict: Verdict): E {
  assigned.set(error, verdict);
  return error;
}

export function assignedVerdict(error: unknown): Verdict | undefined {
  return error instanceof Error ? assigned.get(error) : undefined;
}
