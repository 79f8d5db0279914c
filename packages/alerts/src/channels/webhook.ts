import { createHmac } from 'node:crypto';
import type { Channel } from '../channel.ts';
import { alertmanagerBody } from './alertmanager-body.ts';
import { postJson, refused } from './http-post.ts';
import { parseWebhookOptions, type WebhookOptions } from './webhook-options.ts';

/**
 * Posts each notification as JSON by the Standard Webhooks convention: `webhook-id` is the same
 * through all retries, for the receiver to drop repetitions by; `webhook-timestamp` is the
 * attempt's; `webhook-signature` (where there is a `secret`) is `v1,` and the base64 HMAC-SHA256 of
 * `id.timestamp.body`.
 *
 * The body is `{ type: 'alert.firing', timestamp, data: notification }`, or, with `format:
 * 'alertmanager'`, what Alertmanager sends to its webhooks.
 *
 * Any 2xx is a delivery. Network errors, timeouts, 408, 425, 429 and 5xx are retryable, and
 * `Retry-After` is heeded; other answers are not, redirects included: following one would carry the
 * signed body to an address that nobody configured. The answer's body is not read.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 * @see https://www.standardwebhooks.com
 */
export function webhook(options: WebhookOptions): Channel {
  const settings = parseWebhookOptions(options);
  const { url, key, headers, connection } = settings;
  return Object.freeze<Channel>({
    kind: 'webhook',
    acknowledges: !settings.isAlertmanager,
    // As text, so that the bytes are the same at every attempt and signed as they are sent.
    render(notification) {
      if (settings.isAlertmanager) return JSON.stringify(alertmanagerBody(notification, settings));
      const { kind, at } = notification;
      return JSON.stringify({ type: `alert.${kind}`, timestamp: at, data: notification });
    },
    async send(payload, context) {
      const body = payload as string;
      const { id } = context;
      const timestamp = String(Math.floor(connection.clock.now() / 1_000));
      const answer = await postJson({
        to: 'The webhook',
        url,
        headers: {
          ...headers,
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          ...(key && { 'webhook-signature': signatureOf(key, `${id}.${timestamp}.${body}`) }),
        },
        body,
        connection,
        context,
      });
      answer.discard();
      if (!answer.isOk) throw refused(answer);
    },
  });
}

function signatureOf(key: Uint8Array, content: string): string {
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
