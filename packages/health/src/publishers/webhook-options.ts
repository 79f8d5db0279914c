import type { Duration } from '@ops/timeout';
import { callable, durationMs } from '@ops/timeout/options';
import * as z from 'zod';

/** Options of {@link webhook}. */
export interface WebhookOptions {
  /**
   * Where to post to; `https:` or `http:`, without user and password. Treated as a secret: it is in
   * no event and no error.
   */
  readonly url: string | URL;
  /** @default 'webhook' */
  readonly name?: string | undefined;
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Key for the signature, as Standard Webhooks writes it: `whsec_` and then 24 to 64 bytes in
   * base64. Without it the request is not signed.
   */
  readonly secret?: string | undefined;
  /**
   * Whether the event's message, redacted and cut, is sent too.
   * @default false
   */
  readonly details?: boolean | undefined;
  /**
   * Time for one request until the answer's headers.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
  /** Default: `globalThis.fetch`, looked up at each event. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const RESERVED = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Exported for the test that holds it equal to {@link WebhookOptions}. */
export const webhookSchema: z.ZodObject<
  {
    url: z.ZodType<URL, string | URL>;
    name: z.ZodOptional<z.ZodString>;
    headers: z.ZodOptional<z.ZodType<Record<string, string>, Readonly<Record<string, string>>>>;
    secret: z.ZodOptional<z.ZodType<Uint8Array, string>>;
    details: z.ZodOptional<z.ZodBoolean>;
    timeout: z.ZodOptional<z.ZodType<number, Duration>>;
    fetch: z.ZodOptional<z.ZodType<typeof globalThis.fetch, typeof globalThis.fetch>>;
  },
  z.core.$strict
> = z.strictObject({
  url: z
    .custom<string | URL>(isPlainUrl, {
      error: 'expected an https: or http: URL without user and password (use headers)',
    })
    .transform((url) => new URL(url)),
  name: z.string().optional(),
  headers: z
    .record(z.string(), z.string({ error: 'expected a string' }))
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        const message = faultOf(name, value);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .optional(),
  secret: z
    .custom<string>((value) => typeof value === 'string' && keyOf(value) !== undefined, {
      error: "expected 'whsec_' and then 24 to 64 bytes in base64",
    })
    .transform((secret) => keyOf(secret) ?? z.NEVER)
    .optional(),
  details: z.boolean().optional(),
  timeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  fetch: callable<typeof globalThis.fetch>().optional(),
});

function isPlainUrl(value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof URL)) return false;
  const url = URL.parse(String(value));
  return /^https?:$/.test(url?.protocol ?? '') && url?.username === '' && url.password === '';
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
