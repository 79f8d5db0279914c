import type { Transition } from '../events.ts';

/** What has happened and was not told yet: one event of each check and group at most. */
export interface Backlog {
  readonly size: number;
  add(event: Transition): void;
  /** The one that has waited longest. */
  take(): Transition | undefined;
  clear(): void;
}

/**
 * The newest of each, told as a change from what was told last: from `pass` to `warn` to `fail`
 * becomes from `pass` to `fail`, and from `pass` to `fail` to `pass` becomes nothing. A first event
 * that passes is left out: nobody was told of anything else.
 */
export function createBacklog(): Backlog {
  const waiting = new Map<string, Transition>();
  const known = new Set<string>();
  return {
    get size() {
      return waiting.size;
    },
    add: (event) => {
      const key = event.type === 'change' ? `check ${event.check}` : `group ${event.group}`;
      const isFirst = !known.has(key);
      known.add(key);
      if (isFirst && event.to === 'pass') return;
      const before = waiting.get(key);
      waiting.delete(key);
      if (before === undefined) waiting.set(key, event);
      else if (before.from !== event.to) waiting.set(key, joined(before, event));
    },
    take: () => {
      const [next] = waiting;
      if (next === undefined) return undefined;
      waiting.delete(next[0]);
      return next[1];
    },
    clear: () => {
      waiting.clear();
    },
  };
}

/** Both are of the same check or group. */
function joined({ from }: Transition, event: Transition): Transition {
  return { ...event, from } as Transition;
}
