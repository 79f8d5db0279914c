import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidOptionsError } from '@ops/timeout';

/** What a sender can be told by. */
export interface IngestCredentials {
  readonly request: Request;
  /**
   * The write key: of `Authorization: Bearer`, the user of `Authorization: Basic`, or `key`,
   * `writeKey` or `api_key` in the body. Undefined when there is none.
   */
  readonly key: string | undefined;
}

/**
 * Decides who sent a request: a name for it, fit for logs, or null to refuse it with 401. One that
 * throws is answered with 503.
 *
 * Called before the body is read, with the key of the headers. When they have none and this returned
 * null, it is called once more with the key of the body, since a beacon can set no header. Until then
 * such bodies share half of `limits.pendingBytes`.
 *
 * One that goes by cookies must look at the `origin` header too: any page can post `text/plain`.
 */
export type IngestAuth = (credentials: IngestCredentials) => string | null | Promise<string | null>;

/** A write key with conditions. */
export interface WriteKey {
  readonly key: string;
  /**
   * Where pages that use it come from, such as `https://app.example.com`. The `origin` header must be
   * one of these; a request without one is refused. Only browsers can be held to it.
   * @default from anywhere
   */
  readonly origins?: readonly string[] | undefined;
}

interface KnownKey {
  readonly sender: string;
  readonly hash: Buffer;
  readonly origins: readonly string[] | undefined;
}

/**
 * Accepts these write keys. In an object, each is under the name of its sender; in a list, the name
 * is `key:` and the first 8 hex digits of the key's SHA-256.
 *
 * Hashes are compared, every one of them and in constant time, so that neither the place nor the
 * length of a wrong key shows in the time taken.
 *
 * @throws InvalidOptionsError when there is no key, two are equal, or one is empty or not printable
 * ASCII without spaces and colons (a user name of `Authorization: Basic` ends at a colon).
 */
export function keys(
  accepted: readonly string[] | Readonly<Record<string, string | WriteKey>>,
): IngestAuth {
  const known = knownKeys(accepted);
  return ({ request, key }) => {
    if (key === undefined) return null;
    const hash = sha256(key);
    const [match] = known.filter((candidate) => timingSafeEqual(candidate.hash, hash));
    if (match === undefined) return null;
    if (match.origins === undefined) return match.sender;
    return match.origins.includes(request.headers.get('origin') ?? '') ? match.sender : null;
  };
}

function knownKeys(accepted: unknown): readonly KnownKey[] {
  if (typeof accepted !== 'object' || accepted === null || Object.keys(accepted).length === 0) {
    throw new InvalidOptionsError('keys: expected an array or an object with at least one key');
  }
  const known = Object.entries(accepted).map(([name, given]: [string, unknown]) =>
    knownKey(name, given, Array.isArray(accepted)),
  );
  if (new Set(known.map(({ hash }) => hash.toString('hex'))).size < known.length) {
    throw new InvalidOptionsError('keys: expected keys that differ');
  }
  return known;
}

function knownKey(name: string, given: unknown, isListed: boolean): KnownKey {
  const { key, origins } = (
    typeof given === 'object' && given !== null ? given : { key: given }
  ) as Partial<WriteKey>;
  if (typeof key !== 'string' || !/^[\x21-\x39\x3b-\x7e]+$/.test(key)) {
    throw new InvalidOptionsError(
      `keys.${name}: expected printable ASCII without spaces and colons`,
    );
  }
  if (origins !== undefined && !(Array.isArray(origins) && origins.every(isOrigin))) {
    throw new InvalidOptionsError(
      `keys.${name}.origins: expected origins such as 'https://app.example.com'`,
    );
  }
  const hash = sha256(key);
  return { sender: isListed ? `key:${hash.toString('hex', 0, 4)}` : name, hash, origins };
}

/** Whether this is what a browser sends as `origin`: scheme, host and port, no path, no slash. */
export function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && URL.parse(value)?.origin === value;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
