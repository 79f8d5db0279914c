import { createHash, randomBytes } from 'node:crypto';
import { isUuid } from '../uuid.ts';

/**
 * The UUID, in lower case, of an event that another library's client named: the one that it sent, or
 * one made from its sender and its message id, so that a repeat has the same and no other sender can
 * make it.
 *
 * An event without an id gets one from its content and its place in the request, by which a repeat of
 * the request is known; when it has no timestamp either, a random one, because two events that say
 * the same are two then. Undefined for an id that is neither text nor absent.
 */
export function foreignEventId(
  event: { readonly id: unknown; readonly timestamp: unknown; readonly raw: unknown },
  sender: string,
  index: number,
): string | undefined {
  const { id, timestamp, raw } = event;
  if (isUuid(id)) return id.toLowerCase();
  if (typeof id === 'string' && id !== '') return uuid8(digest(['id', sender, id]));
  if (id !== undefined && id !== null && id !== '') return undefined;
  if (timestamp === undefined || timestamp === null) return uuid8(randomBytes(16));
  return uuid8(digest(['content', sender, index, raw]));
}

/** JSON keeps the parts apart: no two lists of parts have the same text. */
function digest(parts: readonly unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

/**
 * 122 bits of `bytes`.
 *
 * @see RFC 9562, section 5.8
 */
function uuid8(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, 16);
  const variant = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant.toString(16)}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
