import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { record } from '../record.ts';

/** Less is refused by RFC 7518 for every RSA signature. */
const LEAST_RSA_BITS = 2_048;
/** A set of more keys than that is none; each one parsed costs some 65 µs. */
const MOST_KEYS = 100;

/** How many keys of a JWK set (RFC 7517) can verify a signature: public, for signing, well-formed. */
export function usableKeyCount(set: Readonly<Record<string, unknown>>): number {
  const { keys } = set;
  return Array.isArray(keys) ? keys.slice(0, MOST_KEYS).filter(isUsable).length : 0;
}

function isUsable(key: unknown): boolean {
  const { kty, use = 'sig', key_ops: operations = ['verify'], d } = record(key);
  // A shared secret must not be published, nor a private key: neither can be trusted any more.
  if (typeof kty !== 'string' || kty === 'oct' || d !== undefined) return false;
  if (use !== 'sig' || !(Array.isArray(operations) && operations.includes('verify'))) return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return (asymmetricKeyDetails?.modulusLength ?? Infinity) >= LEAST_RSA_BITS;
  } catch {
    return false; // a key type or curve that is not known, or numbers that are no key
  }
}
