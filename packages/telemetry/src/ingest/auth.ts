import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidOptionsError } from '@ops/timeout';

/**
 * Decides who sent a request: a name for it, fit for logs, or null to refuse it with 401. Called
 * before the body is read. One that throws is answered with 503.
 */
export type IngestAuth = (request: Request) => string | null | Promise<string | null>;

/**
 * Accepts requests that carry one of these write keys as `Authorization: Bearer …`. The name of a
 * sender is `key:` and the first 8 hex digits of the SHA-256 of its key.
 *
 * Hashes are compared, every one of them and in constant time, so that neither the place nor the
 * length of a wrong key shows in the time taken.
 *
 * @throws InvalidOptionsError when there is no key, or one is empty or not printable ASCII.
 */
export function keys(accepted: readonly string[]): IngestAuth {
  if (!Array.isArray(accepted) || accepted.length === 0) {
    throw new InvalidOptionsError('keys: expected an array with at least one key');
  }
  accepted.forEach((key: unknown, index) => {
    if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)) return;
    throw new InvalidOptionsError(`keys.${index}: expected printable ASCII without spaces`);
  });
  const known = accepted.map(sha256);
  return (request) => {
    const presented = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (presented === undefined) return null;
    const hash = sha256(presented);
    const matches = known.filter((candidate) => timingSafeEqual(candidate, hash));
    return matches.length > 0 ? `key:${hash.toString('hex', 0, 4)}` : null;
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
