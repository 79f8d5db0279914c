import { parseOptions, withMethods } from '@ops/timeout/options';
import type { Channel } from '../channel.ts';
import type { Logger } from '../logger.ts';

/**
 * Writes each message as one line to a logger: firing at `error` where the alert is high or
 * critical and at `warn` otherwise, an end at `info`. A logger that throws counts as a failed
 * delivery and is tried again.
 *
 * @throws InvalidOptionsError when `logger` lacks `info`, `warn` or `error`.
 */
export function log(logger: Logger): Channel {
  const target = parseOptions(withMethods<Logger>('info', 'warn', 'error'), logger, {
    of: 'log',
  });
  return Object.freeze<Channel>({
    kind: 'log',
    async send({ id, kind, alert, text }) {
      const { severity } = alert;
      const fields = { message: id, kind, alert };
      if (kind === 'resolved' || kind === 'fired-and-resolved') target.info(fields, text);
      else if (severity === 'high' || severity === 'critical') target.error(fields, text);
      else target.warn(fields, text);
    },
  });
}
