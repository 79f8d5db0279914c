import { type Clock, systemClock } from '@ops/timeout';
import { callable, parseOptions, withMethods } from '@ops/timeout/options';
import * as z from 'zod';

/** Options of `alertsView()`. */
export interface AlertsViewOptions {
  /**
   * Whether whoever sent the request may look: messages and names of people are shown. False, or
   * anything but the following, is answered 403; 401 asks a browser for name and password (Basic); a
   * `Response` is sent as it is, such as a redirect to a login. Throwing or rejecting is answered 403.
   * `() => true` where something in front has asked already.
   */
  readonly authorize: (
    request: Request,
  ) => boolean | 401 | Response | Promise<boolean | 401 | Response>;
  /** Path that the view is under, such as `/ops/alerts`. @default '' */
  readonly basePath?: string | undefined;
  /** For `As of` and ages. Default: the real time. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

export interface AlertsViewSettings {
  readonly authorize: AlertsViewOptions['authorize'];
  /** No slash at the end. */
  readonly basePath: string;
  readonly clock: Pick<Clock, 'now'>;
}

/** @throws InvalidOptionsError */
export function parseAlertsViewOptions(options: unknown): AlertsViewSettings {
  const { authorize, basePath, clock } = parseOptions(schema, options, {
    of: 'alertsView',
    secretKeys: ['authorize'],
  });
  return { authorize, basePath: (basePath ?? '').replace(/\/$/, ''), clock: clock ?? systemClock };
}

const schema = z.strictObject({
  authorize: callable<AlertsViewOptions['authorize']>(),
  basePath: z
    .string()
    .regex(/^(?:|\/|(?:\/[\w.~-]+)+\/?)$/, 'expected a path such as /ops/alerts')
    .optional(),
  clock: withMethods<Pick<Clock, 'now'>>('now').optional(),
});
