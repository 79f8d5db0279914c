import { isData } from './mask.ts';
import { isStatus } from './status.ts';
import { type Word, wordsOf } from './words.ts';

const MASK = '*';

/** A unit after a number: 900 ms and 1 s are one kind. */
const UNIT = /^(?:[kmgt]?i?b|bytes?|[mun]?s|secs?|seconds?|mins?|minutes?|hours?|days?|msecs?|%)$/i;

/** Whose value after `=` is a name, also where it is a word. */
const NAMED_KEY =
  /(?:^|[._-])(?:account|actor|addr|address|client|container|customer|dest|device|email|file|from|host|hostname|id|ip|key|login|name|node|owner|path|pod|principal|rhost|ruser|session|source|src|tenant|to|token|uid|uri|url|user|username)$/i;
/** The same before a colon, where prose may come as well. */
const PERSON_KEY = /^(?:account|customer|email|host|hostname|login|principal|user|username)$/i;
const PERSON = /^(?:login|principal|user|username)$/i;
const BEFORE_PERSON = /^(?:as|by|for|from|illegal|invalid|of|to|unknown)$/i;
/** Ordinary words after `for user`. */
const NO_NAME =
  /^(?:account|already|and|authentication|authori[sz]ation|can|cannot|could|does|during|failed|from|had|has|id|in|input|is|login|may|name|not|on|or|profile|request|service|session|that|to|was|were|which|who|will|with)$/i;

/**
 * What messages of one kind have in common: their words, each piece of data as `*`, runs of it as one,
 * punctuation left out. `Order 17 of ann@example.com failed: 404` and `Order 18 of … failed: 500` are
 * not one kind: statuses stay. Pure; at most the first 1,000 characters and 100 words count, so it takes
 * bounded time on any text.
 */
export function patternOf(message: string): string {
  const words = wordsOf(message);
  const masked = words.map(({ text }, at) => {
    if (text === MASK) return MASK;
    if (isStatus(words, at)) return text;
    return isData(text) || isNamed(words, at) ? MASK : text;
  });
  const parts: string[] = [];
  for (const [at, text] of masked.entries()) {
    const isMask = text === MASK || isBetween(masked, words, at);
    if (parts.at(-1) === MASK && (isMask || UNIT.test(text))) continue;
    parts.push(isMask ? MASK : text);
  }
  return parts.join(' ');
}

/** Whether the word stands where a name of somebody or something is expected. */
function isNamed(words: readonly Word[], at: number): boolean {
  const { text, before } = words[at] as Word;
  const key = words[at - 1]?.text;
  if (key === undefined) return false;
  if (before.includes('=')) return NAMED_KEY.test(key);
  if (NO_NAME.test(text)) return false;
  if (before.startsWith(':')) {
    return PERSON_KEY.test(key) && /^(?:$|[,;)\]}|])/.test(words[at + 1]?.before ?? '');
  }
  return before === ' ' && PERSON.test(key) && BEFORE_PERSON.test(words[at - 2]?.text ?? '');
}

/** Who in `Failed password for ann from 10.0.0.1`. */
function isBetween(masked: readonly string[], words: readonly Word[], at: number): boolean {
  return (
    masked[at - 1] === 'for' &&
    masked[at + 1] === 'from' &&
    masked[at + 2] === MASK &&
    words[at]?.before === ' '
  );
}
