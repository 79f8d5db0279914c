import type { Redactor } from '../plain-json.ts';

/** Keys whose values are not to be sent: a name in any case, or a pattern that finds a part of one, in any case too. */
export type RedactKeys = readonly (string | RegExp)[];

/** What stands where a value was taken out. */
const REDACTED = '[Redacted]';
/** Verdicts that are remembered. A host may put anything into its keys, so there must be an end. */
const MAX_VERDICTS = 1_000;

/** Wherever it is in a text: an error message quotes URLs as well. */
const PARAMETER = /([?&#;])([^\s?&#;=]+)=([^\s?&#;"'<>]*)/g;
const USER_AND_PASSWORD = /:\/\/[^\s/?#]*@/g;

/**
 * Hides the values of `keys` wherever they are: as a key at any depth, and in URLs as a parameter of
 * the query or fragment, also in a URL that is the value of another parameter. With any key at all,
 * user and password of URLs are hidden too.
 */
export function createRedactor(keys: RedactKeys): Redactor {
  const isNamed = matcherOf(keys);
  const verdicts = new Map<string, boolean>();

  const isSecret = (key: string): boolean => {
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = isNamed(key);
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
    verdicts.set(key, verdict);
    return verdict;
  };

  const scrubParameter = (all: string, start: string, name: string, value: string): string => {
    const key = decoded(name);
    // `user[password]=` and `user.password=` are the key password.
    if (isSecret(key) || key.split(/[[\].]+/).some(isSecret)) return `${start}${name}=${REDACTED}`;
    if (!value.includes('%')) return all;
    const inner = decoded(value);
    const scrubbed = scrub(inner);
    return scrubbed === inner ? all : `${start}${name}=${encodeURIComponent(scrubbed)}`;
  };

  const scrub = (text: string): string => {
    if (!text.includes('=') && !text.includes('://')) return text;
    return text
      .replaceAll(USER_AND_PASSWORD, `://${REDACTED}@`)
      .replaceAll(PARAMETER, scrubParameter);
  };

  return { replacementOf: (key) => (isSecret(key) ? REDACTED : undefined), scrub };
}

function matcherOf(keys: RedactKeys): (key: string) => boolean {
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  for (const key of keys) {
    if (typeof key === 'string') names.add(key.toLowerCase());
    // Without g and y, which make a pattern remember where it stopped.
    else patterns.push(new RegExp(key.source, `${key.flags.replaceAll(/[giy]/g, '')}i`));
  }
  return (key) => names.has(key.toLowerCase()) || patterns.some((pattern) => pattern.test(key));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
