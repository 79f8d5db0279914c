import type { Alerts } from '../alerts.ts';
import type { CommandContext } from './command.ts';
import { exported, loadConfig } from './config.ts';
import { interruptible } from './interruption.ts';
import { UsageError } from './usage-error.ts';

const METHODS = ['active', 'acknowledge', 'close', 'flush', 'history', 'silence', 'test'] as const;

/**
 * Does `work` with the alerts of the configuration, as the store has them now, and closes them:
 * connections that the configuration opened itself do not keep the program.
 *
 * @throws UsageError
 */
export async function withAlerts<T>(
  { args, signal, progress }: CommandContext,
  work: (alerts: Alerts) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(args);
  const found = await exported(config, 'alerts');
  if (!METHODS.every((name) => typeof Reflect.get(found, name) === 'function')) {
    throw new UsageError(`${config.file}: alerts is not what createAlerts() gives`);
  }
  const alerts = found as Alerts;
  try {
    progress('Asking the store …');
    await interruptible(alerts.flush({ signal }), signal);
    return await interruptible(work(alerts), signal);
  } finally {
    // Nothing more is to be sent: what waits is the business of the service's own processes.
    await alerts.close({ drain: 0 });
  }
}
