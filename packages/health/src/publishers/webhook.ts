import { createHmac, randomUUID } from 'node:crypto';
import { parseOptions } from '@ops/timeout/options';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import type { Transition } from '../events.ts';
import type { ServiceInfo } from '../health-options.ts';
import type { Publisher } from './publisher.ts';
import { type WebhookOptions, webhookSchema } from './webhook-options.ts';

/** What a {@link webhook} posts. */
export interface WebhookPayload {
  readonly type: 'health.check.changed' | 'health.group.changed';
  /** When it happened, by ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: {
    /** As given to `createHealth`; left out when it has none of them. */
    readonly service?: Pick<ServiceInfo, 'id' | 'version' | 'releaseId'> | undefined;
    /** The check, or else the group. */
    readonly check?: string | undefined;
    readonly group?: string | undefined;
    readonly from: 'pass' | 'warn' | 'fail' | 'not_run';
    readonly to: 'pass' | 'warn' | 'fail';
    readonly code: string;
    /** Only with `details`. */
    readonly message?: string | undefined;
  };
}

/**
 * Posts each transition as JSON, a {@link WebhookPayload}, by the Standard Webhooks convention:
 * `webhook-id`, another for each event, `webhook-timestamp`, and with a `secret` the
 * `webhook-signature`, `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`.
 *
 * Any 2xx is success. Nothing is sent again: give what must arrive to a `sink` that keeps it, as
 * `@ops/alerts` does. Redirects are not followed: that would carry the body to an address that nobody
 * configured. The answer's body is not read.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 * @see https://www.standardwebhooks.com
 */
export function webhook(options: WebhookOptions): Publisher {
  const parsed = parseOptions(webhookSchema, options, { of: 'webhook', secretKeys: 'all' });
  const { url, name = 'webhook', secret: key, details = false, timeout } = parsed;
  // In lower case: an own User-Agent replaces ours instead of being joined to it.
  const own = Object.fromEntries(new Headers(parsed.headers));
  return {
    name,
    timeout,
    publish: async (event, { signal, service }) => {
      const body = JSON.stringify(payloadOf(event, service, details));
      const headers = { 'user-agent': '@ops/health', ...own, ...signed(body, key) };
      const init = { method: 'POST', redirect: 'manual', signal, body, headers } as const;
      const response = await post(parsed.fetch ?? globalThis.fetch, url, init);
      // Cancelling may fail when the connection has just gone; the status is known all the same.
      await response.body?.cancel().catch(() => {});
      if (!response.ok) throw refused(response.status);
    },
  };
}

function payloadOf(event: Transition, service: ServiceInfo, details: boolean): WebhookPayload {
  const { id, version, releaseId } = service;
  const isKnown = (id ?? version ?? releaseId) !== undefined;
  const about =
    event.type === 'change'
      ? ({ type: 'health.check.changed', what: { check: event.check } } as const)
      : ({ type: 'health.group.changed', what: { group: event.group } } as const);
  return {
    type: about.type,
    timestamp: event.at.toISOString(),
    data: {
      service: isKnown ? { id, version, releaseId } : undefined,
      ...about.what,
      from: event.from,
      to: event.to,
      code: event.code,
      message: details ? event.message : undefined,
    },
  };
}

/** The timestamp is that of the sending, which receivers hold against their own clock. */
function signed(body: string, key: Uint8Array | undefined): Record<string, string> {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(key && {
      'webhook-signature': `v1,${createHmac('sha256', key).update(content).digest('base64')}`,
    }),
  };
}

async function post(send: typeof globalThis.fetch, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    // Not its message, nor it as the cause: they may hold the URL.
    const reason = systemCodeOf(error) ?? 'the request could not be sent';
    throw new CheckFailedError(classifyError(error), `no response: ${reason}`);
  }
}

function refused(status: number): CheckFailedError {
  const advice =
    status >= 300 && status < 400 ? '; redirects are not followed, configure the final URL' : '';
  const code =
    status === 401 || status === 403 ? 'auth' : status === 429 ? 'rate_limited' : 'bad_response';
  return new CheckFailedError(code, `unexpected status ${status}${advice}`);
}
