import type { Clock } from '@ops/timeout';
import type { Engine } from '../engine.ts';
import type { Answer } from './answer.ts';

/**
 * What an answer hangs on: `statuses` for names, statuses and codes; `details` for times, values and
 * messages too; `page` for these and for how long ago they were, by the minute.
 */
export type Freshness = 'statuses' | 'details' | 'page';

interface Kept {
  readonly changes: number;
  readonly moment: number;
  readonly answer: Answer;
}

/** Gives the answer kept under the key, or makes it. There must be a bounded number of keys. */
export type AnswerCache = (key: string, freshness: Freshness, make: () => Answer) => Answer;

/** Keeps answers: results come a few times a minute, probes thousands of times a second. */
export function createAnswerCache(engine: Engine, clock: Clock): AnswerCache {
  const kept = new Map<string, Kept>();

  /** After `fatal()`, withdrawing readiness changes no status; it adds a line all the same. */
  const momentOf = (freshness: Freshness): number =>
    freshness === 'page' ? Math.floor(clock.now() / 60_000) : Number(engine.isDraining());

  return (key, freshness, make) => {
    const changes = freshness === 'statuses' ? engine.version : engine.revision;
    const moment = momentOf(freshness);
    const last = kept.get(key);
    if (last !== undefined && last.changes === changes && last.moment === moment) {
      return last.answer;
    }
    const answer = make();
    kept.set(key, { changes, moment, answer });
    return answer;
  };
}
