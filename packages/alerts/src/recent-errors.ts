import type { ErrorSample } from './alert.ts';
import { describeError, readLabel } from './describe-error.ts';
import { normalise } from './redact.ts';

const KEPT_COUNT = 64;
const SAMPLE_COUNT = 5;
const MESSAGE_LENGTH = 200;
const LABEL_LENGTH = 100;

/** The last 64 errors, for showing what the trouble is about. */
export interface RecentErrors {
  add(error: unknown, labels: unknown, atMs: number): void;
  /** The kinds of error among those from after `sinceMs`, at most 5, most frequent first. */
  samples(sinceMs: number): readonly ErrorSample[];
}

interface Kept {
  readonly atMs: number;
  readonly message: string;
  readonly route: string | undefined;
  readonly integration: string | undefined;
}

/**
 * A ring, so memory does not grow with distinct messages: 64 × 3 texts of at most 1,000 characters.
 * They are kept as they came and normalised when samples are asked for, which is once a
 * transition and not once an error: normalising takes longer than everything else an error costs.
 */
export function createRecentErrors(): RecentErrors {
  const ring: Kept[] = [];
  let next = 0;
  return {
    add(error, labels, atMs) {
      ring[next] = {
        atMs,
        message: describeError(error),
        route: readLabel(labels, 'route'),
        integration: readLabel(labels, 'integration'),
      };
      next = (next + 1) % KEPT_COUNT;
    },
    samples(sinceMs) {
      const kinds = new Map<string, ErrorSample>();
      const clean = memoized(normalise);
      for (const kept of ring) {
        if (kept.atMs <= sinceMs) continue;
        const message = clean(kept.message, MESSAGE_LENGTH);
        const route = kept.route && clean(kept.route, LABEL_LENGTH);
        const integration = kept.integration && clean(kept.integration, LABEL_LENGTH);
        const key = JSON.stringify([message, route, integration]);
        const count = (kinds.get(key)?.count ?? 0) + 1;
        kinds.set(key, {
          message,
          count,
          ...(route && { route }),
          ...(integration && { integration }),
        });
      }
      const sorted = [...kinds.values()].toSorted((a, b) => b.count - a.count);
      return Object.freeze(sorted.slice(0, SAMPLE_COUNT).map((sample) => Object.freeze(sample)));
    },
  };
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
