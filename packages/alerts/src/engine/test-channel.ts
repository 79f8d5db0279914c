import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import type { DeliveryReport } from '../alerts.ts';
import { composeTest } from '../notify/compose-notices.ts';
import type { AlertsSettings } from '../options.ts';
import { redactSecrets } from '../redact.ts';
import { newMessageId } from './compose-messages.ts';
import type { Engine } from './engine.ts';
import { toDeliveryError } from './to-delivery-error.ts';

/**
 * Sends one test message, past the store.
 *
 * @throws InvalidOptionsError when there is no such channel.
 */
export async function testChannel(
  engine: Engine,
  settings: AlertsSettings,
  name: string,
): Promise<DeliveryReport> {
  const { channels, clock, delivery, fetch, notify } = settings;
  const channel = Object.hasOwn(channels, name) ? channels[name] : undefined;
  if (channel === undefined) {
    const names = Object.keys(channels).map((one) => `'${one}'`);
    throw new InvalidOptionsError(`test: no channel named '${name}', there is ${names.join(', ')}`);
  }
  const { session } = engine.current;
  const startedMs = engine.time();
  const report = (error?: string): DeliveryReport => ({
    channel: name,
    isDelivered: error === undefined,
    durationMs: Math.round(engine.time() - startedMs),
    ...(error !== undefined && { error }),
  });
  try {
    const about = { id: newMessageId(), nowMs: session.now(), isDegraded: engine.isDegraded };
    const notification = composeTest({ settings: notify, ...about }, name);
    const payload = channel.render?.(notification) ?? JSON.parse(JSON.stringify(notification));
    const { id, group } = notification;
    await withTimeout(
      ({ signal }) =>
        channel.send(payload, { id, group, previous: undefined, attempt: 1, signal, fetch }),
      delivery.sendTimeoutMs,
      { clock },
    );
    return report();
  } catch (error) {
    return report(redactSecrets(toDeliveryError(error).message));
  }
}
