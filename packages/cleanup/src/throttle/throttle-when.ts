import { InvalidOptionsError } from '@ops/timeout';
import type { Throttle, ThrottleContext } from './throttle.ts';

/** Why no batch may start now, with the figures; anything else lets it go. */
export type HoldBack = string | undefined | null | false;

/**
 * A throttle of one's own: `throttleWhen('queue', async () => depth() > 1_000 && 'queue is long')`.
 * Asked before every batch; what it throws counts as "not now".
 *
 * @throws InvalidOptionsError
 */
export function throttleWhen(
  name: string,
  holdBack: (context: ThrottleContext) => HoldBack | Promise<HoldBack>,
): Throttle {
  if (typeof name !== 'string' || name === '' || typeof holdBack !== 'function') {
    throw new InvalidOptionsError('throttleWhen: expected a name and a function');
  }
  return {
    name,
    async check(context) {
      const reason: unknown = await holdBack(context);
      // Not `true` either: a function that answers with a bare yes would be hard to understand at night.
      if (reason === true) return { go: false, reason: `${name} says so` };
      return typeof reason === 'string' && reason !== '' ? { go: false, reason } : { go: true };
    },
  };
}
