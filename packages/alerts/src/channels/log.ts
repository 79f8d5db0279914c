import { parseOptions, withMethods } from '@ops/timeout/options';
import type { Channel } from '../channel.ts';
import type { Logger } from '../logger.ts';
import type { Notification } from '../notification.ts';
import { worstOf } from './headline.ts';

/** Nothing is the matter (any more), or somebody cares already. */
const CALM = new Set(['resolved', 'fired-and-resolved', 'acknowledged', 'test']);

/**
 * Writes each notification as one line to a logger: at `error` where the worst alert is high or
 * critical, at `warn` otherwise; an end, an acknowledgement and a test at `info`. A logger that
 * throws counts as a failed delivery and is tried again.
 *
 * @throws InvalidOptionsError when `logger` lacks `info`, `warn` or `error`.
 */
export function log(logger: Logger): Channel {
  const target = parseOptions(withMethods<Logger>('info', 'warn', 'error'), logger, { of: 'log' });
  return Object.freeze<Channel>({
    kind: 'log',
    acknowledges: true,
    async send(payload) {
      const notification = payload as unknown as Notification;
      const { id, kind, group, firing, resolved, lines, degraded, text } = notification;
      const fields = { notification: id, kind, group, firing, resolved, lines, degraded };
      const severity = worstOf(notification);
      if (CALM.has(kind)) target.info(fields, text);
      else if (severity === 'high' || severity === 'critical') target.error(fields, text);
      else target.warn(fields, text);
    },
  });
}
