import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import {
  type Connection,
  type ConnectionOptions,
  connectionOf,
  connectionShape,
} from './connection-options.ts';

/** Options of `pagerduty()`. */
export interface PagerDutyOptions extends ConnectionOptions {
  /** The integration key of an "Events API v2" integration: 32 characters. A secret. */
  readonly routingKey: string;
  /**
   * Where the account's data is.
   * @default 'us'
   */
  readonly region?: 'us' | 'eu' | undefined;
}

export interface PagerDutySettings {
  readonly routingKey: string;
  readonly url: string;
  readonly connection: Connection;
}

const HOSTS = { us: 'events.pagerduty.com', eu: 'events.eu.pagerduty.com' };

const schema = z.strictObject({
  routingKey: z
    .string({ error: 'expected an integration key of 32 letters and digits' })
    .regex(/^[a-zA-Z0-9]{32}$/, { error: 'expected an integration key of 32 letters and digits' }),
  region: z.enum(['us', 'eu'], { error: "expected 'us' or 'eu'" }).optional(),
  ...connectionShape,
} satisfies Shape<PagerDutyOptions>);

export function parsePagerDutyOptions(options: PagerDutyOptions): PagerDutySettings {
  const parsed = parseOptions(schema, options, { of: 'pagerduty', secretKeys: 'all' });
  const { routingKey, region = 'us' } = parsed;
  const url = `https://${HOSTS[region]}/v2/enqueue`;
  return { routingKey, url, connection: connectionOf(parsed) };
}
