import { type Channel, channel } from 'node:diagnostics_channel';
import type { PipelineEvent } from '../events.ts';

/** Followed by the type of the event: `ops:timeout:retry`, `ops:timeout:circuit` and so on. */
export const CHANNEL_PREFIX = 'ops:timeout:';

/**
 * An `onEvent` that publishes each event to the channel `ops:timeout:<type>`; what nobody has
 * subscribed to costs a look into a map.
 *
 * @param onEvent called as well, after the subscribers.
 */
export function publishEvents(
  onEvent?: (event: PipelineEvent) => void,
): (event: PipelineEvent) => void {
  const channels = new Map<string, Channel>();
  return (event) => {
    let target = channels.get(event.type);
    if (target === undefined) {
      target = channel(CHANNEL_PREFIX + event.type);
      channels.set(event.type, target);
    }
    if (target.hasSubscribers) target.publish(event);
    onEvent?.(event);
  };
}
