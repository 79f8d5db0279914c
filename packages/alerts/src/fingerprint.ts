import { hash } from 'node:crypto';
import type { Labels } from './alert.ts';
import { patternOf } from './fingerprint/pattern.ts';

/**
 * Which errors are of one kind. `normalised`: those whose messages differ only in ids, numbers, hosts,
 * paths, quoted values and the like. `message`: those with the same message, to the letter. A function
 * gets the message as `name: message`, at most 1,000 characters, as it was reported (it may hold
 * secrets), and the labels; errors for which it gives the same text are of one kind. It must give every
 * process the same, and is best pure.
 */
export type FingerprintOption =
  | 'normalised'
  | 'message'
  | ((message: string, labels: Labels) => string);

/** Gives the fingerprint of a message as `describeError` has it. Never throws. */
export type Fingerprinter = (message: string, labels: Labels) => string;

/** Messages remembered, twice: what is looked up often stays in the newer half. */
const CACHE_HALF = 512;

/**
 * Stateless but for a cache: every process gives a message the same fingerprint. The cache is by the
 * message as it came, since a burst is mostly one message over and over, and holds at most 1,024.
 *
 * @param onFault told what a function of the user threw; the message is then normalised.
 */
export function createFingerprinter(
  option: FingerprintOption = 'normalised',
  onFault: (error: unknown) => void = () => {},
): Fingerprinter {
  if (typeof option !== 'function') {
    const known = cached(option === 'message' ? digest : fingerprintOf);
    return (message) => known(message);
  }
  const fallBack = cached(fingerprintOf);
  return (message, labels) => {
    try {
      const text: unknown = option(message, labels);
      if (typeof text === 'string') return digest(text);
      throw new TypeError(`fingerprint: expected a string, got ${typeof text}`);
    } catch (error) {
      onFault(error);
      return fallBack(message);
    }
  };
}

/** 16 hexadecimal digits: the same for messages of one {@link patternOf pattern}, in every process. */
export function fingerprintOf(message: string): string {
  return digest(patternOf(message));
}

/** 64 bits: two of a million kinds meet with a probability of 3 in 100 million. */
function digest(text: string): string {
  return hash('sha1', text, 'hex').slice(0, 16);
}

function cached(work: (message: string) => string): (message: string) => string {
  let newer = new Map<string, string>();
  let older = new Map<string, string>();
  return (message) => {
    const known = newer.get(message);
    if (known !== undefined) return known;
    const result = older.get(message) ?? work(message);
    if (newer.size >= CACHE_HALF) {
      older = newer;
      newer = new Map();
    }
    newer.set(message, result);
    return result;
  };
}
