import type { Clock, Duration } from '@ops/timeout';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import {
  type Connection,
  type ConnectionOptions,
  connectionOf,
  connectionShape,
  httpUrl,
} from './connection-options.ts';

/** Options of `webhook()`. */
export interface WebhookOptions extends ConnectionOptions {
  /**
   * Where to post to; `https:` or `http:`, no user name or password in it. Treated as a secret: it
   * is in no error, event or log.
   */
  readonly url: string | URL;
  /**
   * Key for the signature, as Standard Webhooks writes it: `whsec_` and then 24 to 64 bytes in
   * base64. Without it the request is not signed.
   */
  readonly secret?: string | undefined;
  /**
   * What the body is: our own, or what Alertmanager sends to its webhooks (version 4).
   * @default 'standard'
   */
  readonly format?: 'standard' | 'alertmanager' | undefined;
  /**
   * What an Alertmanager body names as its `receiver`.
   * @default 'ops-alerts'
   */
  readonly receiver?: string | undefined;
  /**
   * Alerts in an Alertmanager body; `truncatedAlerts` counts the others.
   * @default no limit
   */
  readonly maxAlerts?: number | undefined;
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Time for one request until the answer's headers.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
  /** For the timestamp, which receivers hold against their own clock. Default: the real time. */
  readonly clock?: Clock | undefined;
}

export interface WebhookSettings {
  readonly url: URL;
  readonly key: Uint8Array | undefined;
  readonly isAlertmanager: boolean;
  readonly receiver: string;
  readonly maxAlertCount: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly connection: Connection;
}

const RESERVED = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

const schema = z.strictObject({
  url: httpUrl,
  secret: z
    .custom<string>((value) => typeof value === 'string' && keyOf(value) !== undefined, {
      error: "expected 'whsec_' and then 24 to 64 bytes in base64",
    })
    .transform((secret) => keyOf(secret) ?? z.NEVER)
    .optional(),
  format: z
    .enum(['standard', 'alertmanager'], { error: "expected 'standard' or 'alertmanager'" })
    .optional(),
  receiver: z.string({ error: 'expected a name' }).min(1).max(100).optional(),
  maxAlerts: z.int({ error: 'expected a whole number of 1 or more' }).min(1).optional(),
  headers: z
    .record(z.string(), z.string({ error: 'expected a string' }))
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        const message = faultOf(name, value);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .optional(),
  ...connectionShape,
} satisfies Shape<WebhookOptions>);

export function parseWebhookOptions(options: WebhookOptions): WebhookSettings {
  const parsed = parseOptions(schema, options, { of: 'webhook', secretKeys: 'all' });
  return {
    url: parsed.url,
    key: parsed.secret,
    isAlertmanager: parsed.format === 'alertmanager',
    receiver: parsed.receiver ?? 'ops-alerts',
    maxAlertCount: parsed.maxAlerts ?? Number.POSITIVE_INFINITY,
    // In lower case: an own User-Agent replaces ours instead of being joined to it.
    headers: Object.fromEntries(new Headers(parsed.headers)),
    connection: connectionOf(parsed),
  };
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function keyOf(secret: string): Uint8Array | undefined {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  if (encoded === undefined) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

function faultOf(name: string, value: string): string | undefined {
  if (RESERVED.includes(name.toLowerCase())) return 'is set by the webhook itself';
  try {
    return void new Headers({ [name]: value });
  } catch {
    return 'is no valid header';
  }
}
