import type { IngestAuth } from './auth.ts';
import { hasContentType } from './check-headers.ts';
import { presentedKey } from './presented-key.ts';
import type { RateLimit } from './rate-limit.ts';
import { RequestRefusal } from './request-refusal.ts';

/**
 * Who sent a request, by its headers. Undefined when they hold no key and `auth` does not know the
 * sender without: the body may hold one.
 *
 * @throws RequestRefusal 401 or 503
 */
export async function senderByHeaders(
  request: Request,
  auth: IngestAuth,
): Promise<string | undefined> {
  const { isPresent, key } = presentedKey(request);
  const sender = await ask(auth, request, key);
  if (sender !== null) return sender;
  if (isPresent) throw unauthorized();
  return undefined;
}

/** Whether a request has a body of a type that may hold a key. */
export function mayHoldKey(request: Request): boolean {
  return request.body !== null && hasContentType(request);
}

/**
 * Who sent a request, by the key in its body.
 *
 * @throws RequestRefusal 401 or 503
 */
export async function senderByBody(
  request: Request,
  key: string | undefined,
  auth: IngestAuth,
): Promise<string> {
  const sender = key === undefined ? null : await ask(auth, request, key);
  if (sender !== null) return sender;
  throw unauthorized();
}

/** @throws RequestRefusal 429 while the sender may not send even one event */
export function checkRate(limit: RateLimit | undefined, sender: string): void {
  refuseFor(limit?.waitMs(sender) ?? 0);
}

/** @throws RequestRefusal 429 when the sender may not send so many */
export function takeFromRate(limit: RateLimit | undefined, sender: string, events: number): void {
  if (events > 0) refuseFor(limit?.take(sender, events) ?? 0);
}

function refuseFor(waitMs: number): void {
  if (waitMs === 0) return;
  const retry = Math.ceil(waitMs / 1000);
  const message = `Too many events; send again in ${retry} s`;
  throw new RequestRefusal(429, 'rate_limited', message, { retry });
}

async function ask(
  auth: IngestAuth,
  request: Request,
  key: string | undefined,
): Promise<string | null> {
  try {
    const sender = await auth({ request, key });
    return typeof sender === 'string' ? sender : null;
  } catch (cause) {
    const message = 'The key cannot be checked now';
    throw new RequestRefusal(503, 'auth_failed', message, { retry: 'later', cause });
  }
}

/** 401 */
export function unauthorized(): RequestRefusal {
  const headers = { 'www-authenticate': 'Bearer' };
  return new RequestRefusal(401, 'unauthorized', 'Send a valid write key', { headers });
}
