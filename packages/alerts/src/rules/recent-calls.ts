/**
 * How many calls there were and how many of them failed, in buckets of a 60th of the window. Flat
 * JSON, oldest first: the bucket's number, calls, failures, and so on.
 *
 * By buckets and not by times, since a share needs every call, not only the latest N. The window is
 * the bucket of now and the 60 before: it reaches back its whole length and up to a 60th more, which
 * hardly moves a share.
 */
export type RecentCalls = readonly number[];

export const NO_CALLS: RecentCalls = Object.freeze([]);

const BUCKET_COUNT = 60;

export function addCalls(
  calls: RecentCalls,
  atMs: number,
  count: { readonly calls: number; readonly failures: number },
  withinMs: number,
): RecentCalls {
  const bucket = bucketOf(atMs, withinMs);
  const next: number[] = [];
  const newest = Math.max(bucket, calls.at(-3) ?? bucket);
  let isIn = false;
  const put = (number: number, all: number, failed: number): void => {
    if (number >= newest - BUCKET_COUNT) next.push(number, all, failed);
  };
  for (let at = 0; at < calls.length; at += 3) {
    const [number = 0, all = 0, failed = 0] = calls.slice(at, at + 3);
    if (!isIn && number >= bucket) {
      isIn = true;
      const isSame = number === bucket;
      put(bucket, count.calls + (isSame ? all : 0), count.failures + (isSame ? failed : 0));
      if (isSame) continue;
    }
    put(number, all, failed);
  }
  if (!isIn) put(bucket, count.calls, count.failures);
  return next;
}

/** What is in the window that ends now, and when the next of it leaves. */
export function countCalls(
  calls: RecentCalls,
  nowMs: number,
  withinMs: number,
): { readonly calls: number; readonly failures: number; readonly nextMs: number | undefined } {
  const oldest = bucketOf(nowMs, withinMs) - BUCKET_COUNT;
  let all = 0;
  let failed = 0;
  let first: number | undefined;
  for (let at = 0; at < calls.length; at += 3) {
    const number = calls[at] ?? 0;
    if (number < oldest) continue;
    first ??= number;
    all += calls[at + 1] ?? 0;
    failed += calls[at + 2] ?? 0;
  }
  const nextMs = first === undefined ? undefined : (first + BUCKET_COUNT + 1) * lengthOf(withinMs);
  return { calls: all, failures: failed, nextMs };
}

/** Whether a stored value is one. */
export function isRecentCalls(value: unknown): boolean {
  if (!Array.isArray(value) || value.length % 3 !== 0) return false;
  return value.every(
    (part, at) =>
      Number.isSafeInteger(part) && part >= 0 && (at % 3 > 0 || at === 0 || part > value[at - 3]),
  );
}

function bucketOf(atMs: number, withinMs: number): number {
  return Math.floor(atMs / lengthOf(withinMs));
}

/** Whole milliseconds, so that the announced and the actual leaving time agree. */
function lengthOf(withinMs: number): number {
  return Math.max(1, Math.ceil(withinMs / BUCKET_COUNT));
}
