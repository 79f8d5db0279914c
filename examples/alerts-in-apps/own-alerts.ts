import { type Alerts, createAlerts, firstSeen, spike } from '@ops/alerts';
import { log } from '@ops/alerts/channels';

const write = (fields: object, message: string): void => console.log(message, fields);

/** Alerts as an app has them; with a database they would have `store: postgresStore(pool)`. */
export function ownAlerts(): Alerts {
  return createAlerts({
    service: 'orders',
    environment: 'example',
    channels: { log: log({ info: write, warn: write, error: write }) },
    rules: {
      crash: spike({ over: 0, within: '10m', where: { origin: ORIGINS }, severity: 'critical' }),
      errorSpike: spike({ over: 2, within: '1h', severity: 'high' }),
      fresh: firstSeen({ severity: 'low' }),
    },
    routes: [{ to: ['log'] }],
  });
}

const ORIGINS = ['uncaughtException', 'unhandledRejection'] as const;
