import { getEventListeners } from 'node:events';
import type { ManualClock } from './manual-clock.ts';

/** Where to look. */
export interface Leftovers {
  readonly clock?: ManualClock | undefined;
  readonly signals?: readonly AbortSignal[] | undefined;
}

/**
 * Throws when a timer waits on the clock or an abort listener is left on one of the signals. Call
 * it after what you test has settled. Needs Node.
 */
export function assertNothingLeft({ clock, signals = [] }: Leftovers): void {
  const faults: string[] = [];
  if (clock !== undefined && clock.pendingCount > 0) {
    faults.push(`${clock.pendingCount} timers left on the clock`);
  }
  signals.forEach((signal, index) => {
    const { length } = getEventListeners(signal, 'abort');
    if (length > 0) faults.push(`${length} listeners left on signal ${index + 1}`);
  });
  if (faults.length > 0) throw new Error(faults.join('; '));
}
