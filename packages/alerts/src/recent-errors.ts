import type { ErrorSample, Labels } from './alert.ts';
import { describeError } from './describe-error.ts';
import { normalise } from './redact.ts';

/** Groups of errors with the same labels, each with a ring of its own. */
const GROUP_COUNT = 64;
const KEPT_COUNT = 16;
const SAMPLE_COUNT = 5;
const MESSAGE_LENGTH = 200;
const LABEL_LENGTH = 100;

/** One error as it was reported: nothing is masked yet. */
interface RecentError {
  /** As `describeError` has it. */
  readonly message: string;
  readonly labels: Labels;
  readonly atMs: number;
}

/** The latest errors, for showing what the trouble is about. */
export interface RecentErrors {
  /** @param error anything; a text is taken for a message. @param labels bounded already. */
  add(error: unknown, labels: Labels, atMs: number): void;
  /**
   * The kinds of error among those from after `sinceMs` that `filter` takes, at most 5, most frequent
   * first, secrets, ids and numbers masked.
   */
  samples(filter: (error: RecentError) => boolean, sinceMs: number): readonly ErrorSample[];
}

interface Ring {
  readonly kept: RecentError[];
  next: number;
}

/**
 * The last 16 errors of each of 64 combinations of labels, so that a noisy integration does not push
 * out what a quiet one said; the combination that was silent longest makes room for a new one. Memory
 * does not grow with distinct messages or labels: 1,024 errors of at most 1,000 characters, and 8
 * labels of 100. They are kept as they came and masked when samples are asked for, which is once a
 * transition and not once an error: masking takes longer than everything else an error costs.
 */
export function createRecentErrors(): RecentErrors {
  const rings = new Map<string, Ring>();

  function ringOf(labels: Labels): Ring {
    let key = '';
    for (const name in labels) key += `${name}\0${labels[name]}\0`;
    const known = rings.get(key);
    if (known === undefined && rings.size >= GROUP_COUNT) dropOldest(rings);
    const ring = known ?? { kept: [], next: 0 };
    if (known === undefined) rings.set(key, ring);
    return ring;
  }

  return {
    add(error, labels, atMs) {
      const ring = ringOf(labels);
      ring.kept[ring.next] = { message: describeError(error), labels, atMs };
      ring.next = (ring.next + 1) % KEPT_COUNT;
    },
    samples(filter, sinceMs) {
      const kinds = new Map<string, ErrorSample>();
      const clean = memoized(normalise);
      for (const { kept } of rings.values()) {
        for (const error of kept) {
          if (error.atMs > sinceMs && filter(error)) count(error, kinds, clean);
        }
      }
      const sorted = [...kinds.values()].toSorted((a, b) => b.count - a.count);
      return Object.freeze(sorted.slice(0, SAMPLE_COUNT).map((sample) => Object.freeze(sample)));
    },
  };
}

function dropOldest(rings: Map<string, Ring>): void {
  let oldest: string | undefined;
  let oldestMs = Infinity;
  for (const [key, { kept, next }] of rings) {
    const latestMs = kept[(next + KEPT_COUNT - 1) % KEPT_COUNT]?.atMs ?? -Infinity;
    if (latestMs >= oldestMs) continue;
    oldest = key;
    oldestMs = latestMs;
  }
  // Times that are not numbers compare with nothing: any one will do.
  rings.delete(oldest ?? (rings.keys().next().value as string));
}

function count(
  { message, labels }: RecentError,
  kinds: Map<string, ErrorSample>,
  clean: typeof normalise,
): void {
  const masked = clean(message, MESSAGE_LENGTH);
  const [route, integration] = [labels['route'], labels['integration']].map(
    (label) => label && clean(label, LABEL_LENGTH),
  );
  const key = JSON.stringify([masked, route, integration]);
  kinds.set(key, {
    message: masked,
    count: (kinds.get(key)?.count ?? 0) + 1,
    ...(route && { route }),
    ...(integration && { integration }),
  });
}

/** A burst is mostly one message over and over. */
function memoized(clean: typeof normalise): typeof normalise {
  const known = new Map<string, string>();
  return (text, maxLength) => {
    const key = `${maxLength} ${text}`;
    const result = known.get(key) ?? clean(text, maxLength);
    known.set(key, result);
    return result;
  };
}
