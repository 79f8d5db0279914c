import type { Clock, Duration } from '@ops/timeout';
import { callable, durationMs, withMethods } from '@ops/timeout/options';
import * as z from 'zod';

/** Options of `webhook()`. */
export interface WebhookOptions {
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
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Time for one request until the answer's headers.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
  /** Default: the `fetch` given to `createAlerts`, or else `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** For the timestamp, which receivers hold against their own clock. Default: the real time. */
  readonly clock?: Clock | undefined;
}

const RESERVED = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Exported for the test that holds it equal to {@link WebhookOptions}. */
export const webhookSchema: z.ZodObject<
  {
    url: z.ZodType<URL, string | URL>;
    secret: z.ZodOptional<z.ZodType<Uint8Array, string>>;
    headers: z.ZodOptional<z.ZodType<Record<string, string>, Readonly<Record<string, string>>>>;
    timeout: z.ZodOptional<z.ZodType<number, Duration>>;
    fetch: z.ZodOptional<z.ZodType<typeof globalThis.fetch, typeof globalThis.fetch>>;
    clock: z.ZodOptional<z.ZodType<Clock, Clock>>;
  },
  z.core.$strict
> = z.strictObject({
  url: z
    .custom<string | URL>(isHttpUrl, {
      error: 'expected an https: or http: URL without user name and password (use headers)',
    })
    .transform((url) => new URL(url)),
  secret: z
    .custom<string>((value) => typeof value === 'string' && keyOf(value) !== undefined, {
      error: "expected 'whsec_' and then 24 to 64 bytes in base64",
    })
    .transform((secret) => keyOf(secret) ?? z.NEVER)
    .optional(),
  headers: z
    .record(z.string(), z.string({ error: 'expected a string' }))
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        const message = faultOf(name, value);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .optional(),
  timeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  fetch: callable<typeof globalThis.fetch>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
});

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof URL)) return false;
  const url = URL.parse(String(value));
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || url.protocol === 'http:';
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
