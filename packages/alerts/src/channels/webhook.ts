import { createHmac } from 'node:crypto';
import { systemClock } from '@ops/timeout';
import { createFetch, parseRetryAfter } from '@ops/timeout/fetch';
import { parseOptions } from '@ops/timeout/options';
import type { Channel } from '../channel.ts';
import { DeliveryError } from '../errors.ts';
import { type WebhookOptions, webhookSchema } from './webhook-options.ts';

/** The times when the same request may yet succeed; every other 4xx would be refused again. */
const RETRYABLE_4XX = [408, 425, 429];

/**
 * Posts each message as JSON by the Standard Webhooks convention: `webhook-id` is the same through
 * all retries, for the receiver to drop repetitions by; `webhook-timestamp` is the attempt's;
 * `webhook-signature` (where there is a `secret`) is `v1,` and the base64 HMAC-SHA256 of
 * `id.timestamp.body`.
 *
 * Any 2xx is a delivery. Network errors, timeouts, 408, 425, 429 and 5xx are retryable, and
 * `Retry-After` is heeded; other answers are not, redirects included: following one would carry the
 * signed body to an address that nobody configured. The answer's body is not read.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 * @see https://www.standardwebhooks.com
 */
export function webhook(options: WebhookOptions): Channel {
  const parsed = parseOptions(webhookSchema, options, { of: 'webhook', secretKeys: 'all' });
  const { url, secret: key, timeout: timeoutMs = 10_000, clock = systemClock } = parsed;
  // In lower case: an own User-Agent replaces ours instead of being joined to it.
  const headers = Object.fromEntries(new Headers(parsed.headers));

  return Object.freeze<Channel>({
    kind: 'webhook',
    async send({ id, body }, { signal, fetch }) {
      const send = createFetch({ fetch: parsed.fetch ?? fetch, timeout: timeoutMs, clock });
      const timestamp = String(Math.floor(clock.now() / 1_000));
      const response = await send(url, {
        method: 'POST',
        redirect: 'manual',
        signal,
        body,
        headers: {
          'user-agent': '@ops/alerts',
          ...headers,
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          ...(key && { 'webhook-signature': signatureOf(key, `${id}.${timestamp}.${body}`) }),
        },
      }).catch((error: unknown) => {
        throw unreachable(error, timeoutMs);
      });
      discard(response);
      if (!response.ok) throw refused(response, clock.now());
    },
  });
}

function signatureOf(key: Uint8Array, content: string): string {
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

/** Lets go of the connection. An answer of any length, or one that never ends, costs nothing. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

function refused(response: Response, now: number): DeliveryError {
  const { status } = response;
  const isRetryable = status >= 500 || RETRYABLE_4XX.includes(status);
  const isRedirect = response.type === 'opaqueredirect' || (status >= 300 && status < 400);
  const advice = isRedirect ? '; redirects are not followed, configure the final URL' : '';
  return new DeliveryError(`The webhook answered ${status}${advice}`, {
    retryable: isRetryable,
    status,
    retryAfterMs: isRetryable
      ? parseRetryAfter(response.headers.get('retry-after'), now)
      : undefined,
  });
}

/** Not the error itself, not even as the cause: its message or its cause's may hold the URL. */
function unreachable(error: unknown, timeoutMs: number): DeliveryError {
  const code = codeOf(error);
  const what =
    code === 'ERR_OPS_TIMEOUT' ? `did not answer within ${timeoutMs} ms` : 'could not be reached';
  return new DeliveryError(`The webhook ${what}${code ? ` (${code})` : ''}`, { retryable: true });
}

/** Such as ECONNREFUSED, which `fetch` hides one cause down. */
function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[A-Z_]{2,40}$/.test(at.code))
      return at.code;
  }
  return undefined;
}
