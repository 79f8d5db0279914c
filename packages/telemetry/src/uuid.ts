const POOL_BYTES = 4096;
const ID_BYTES = 10;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * A UUID version 7: 48 bits of `now`, in milliseconds since 1970 (0 before that), then 74 random bits, so that ids
 * made around the same time lie together in an index.
 *
 * Always from the platform's random source: two processes with one seed would make equal ids, and
 * the server would take the second event for a repeat of the first.
 *
 * @see RFC 9562, section 5.7
 */
export function uuid7(now: number): string {
  if (used + ID_BYTES > POOL_BYTES) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const time = Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0').slice(-12);
  const hex = (index: number): string => HEX[pool[used + index] ?? 0] ?? '00';
  const version = ((pool[used] ?? 0) & 0x0f) | 0x70;
  const variant = ((pool[used + 2] ?? 0) & 0x3f) | 0x80;
  const id =
    `${time.slice(0, 8)}-${time.slice(8)}-${HEX[version]}${hex(1)}-${HEX[variant]}${hex(3)}-` +
    `${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
  used += ID_BYTES;
  return id;
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Any version, with hyphens, in either case. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
