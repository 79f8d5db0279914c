/**
 * Which share of the events is kept, from 0 to 1: of all, or by event name, where `'*'` stands for
 * the names that are not given (1 without it).
 */
export type SampleRates<Name extends string = string> =
  | number
  | { readonly [N in Name | '*']?: number | undefined };

/** The rate for an event of this name. */
export function sampleRateOf(rates: SampleRates, name: string): number {
  if (typeof rates === 'number') return rates;
  return (Object.hasOwn(rates, name) ? rates[name] : rates['*']) ?? 1;
}

/**
 * Whether what `key` stands for (a user, or a single event) is in a sample of `rate`. The same key
 * gives the same answer in every process, and one that is in a small sample is in each larger one.
 */
export function isSampled(key: string, rate: number): boolean {
  return rate >= 1 || hash32(key) < rate * 2 ** 32;
}

/** FNV-1a over UTF-16 units, then the last step of MurmurHash3, since FNV alone leaves the high bits of short keys alike. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
