import type { Engine } from '../engine.ts';
import type { Status } from '../status.ts';

/** How often a check has come to show each status, the first result included. */
export type TransitionCounts = Readonly<Record<Status, number>>;

/** Counts from now on. A check that is not known yet has counted nothing. */
export function countTransitions(engine: Engine): (check: string) => TransitionCounts {
  const counts = new Map<string, Record<Status, number>>();
  engine.onEvent((event) => {
    if (event.type !== 'change') return;
    const own = counts.get(event.check) ?? { pass: 0, warn: 0, fail: 0 };
    own[event.to] += 1;
    counts.set(event.check, own);
  });
  return (check) => counts.get(check) ?? { pass: 0, warn: 0, fail: 0 };
}
