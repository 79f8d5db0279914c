/** What stands in the place of a secret. */
const MARK = '[redacted]';
/** What an authorised reader gets of a message, in bytes of UTF-8. */
const LONGEST_BYTES = 512;
/** What the patterns are tried on, in characters: bounds their cost on a message of megabytes. */
const LONGEST_INPUT = 8_192;

const SECRET_WORD =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|apikey|(?:access|account|private)[-_]?key|credentials?|auth(?:orization)?|cookie|session(?:[-_]?id)?|signature|sig|dsn)';

/**
 * Each is bounded: no repetition without a limit inside another. A value goes on to the next white
 * space, whatever is in it: rather too much is taken out than the end of a password left in.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, user alone included; a password may hold an unescaped '@' or '/'.
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)\S{0,2000}@/gi, `$1${MARK}@`],
  [/-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/g, MARK],
  // Headers whose value has several words: Authorization: Token …, Cookie: a=…; b=….
  [/((?:authorization|cookie)["']?\s{0,3}[:=]\s{0,3})[^\r\n]+/gi, `$1${MARK}`],
  [/\b(bearer|basic|digest|negotiate)\s+\S+/gi, `$1 ${MARK}`],
  // A JSON Web Token: its first part starts with {" in base64url.
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, MARK],
  // A value in a query: which names are telling is up to whoever made the URL.
  [/([?&][\w.~%[\]-]{1,64}=)[^\s&#"'<>]+/g, `$1${MARK}`],
  // key=value, "key": "value", --key value, and words around the key: client_secret, x-api-key.
  [
    new RegExp(
      `(${SECRET_WORD}[\\w-]{0,40}["']?\\s{0,3}(?:=>|[=:])\\s{0,3})("(?:\\\\.|[^"\\\\])*"?|'(?:\\\\.|[^'\\\\])*'?|\\S+)`,
      'gi',
    ),
    `$1${MARK}`,
  ],
  [new RegExp(`((?<!\\S)--?[\\w-]{0,40}${SECRET_WORD}[\\w-]{0,40}\\s+)\\S+`, 'gi'), `$1${MARK}`],
  // Keys that name their issuer: Stripe, GitHub, Slack, Shopify, AWS, Google, npm, Supabase, GitLab.
  [
    /\b(?:sk|pk|rk|whsec)_(?:live_|test_)?\w{8,}|\b(?:gh[opsur]|github_pat|npm|glpat|sbp|sb_secret|sb_publishable|shp(?:at|ca|pa|ss))[_-][\w-]{8,}|\bxox[a-z]-[\w-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}/g,
    MARK,
  ],
];

/** What is left of long random text: 24 or more characters of a key's alphabet with a digit in them. */
const RANDOM_TEXT = /(?<![\w+/=-])(?=[\w+/=-]{0,200}\d)[\w+/=-]{24,}/g;

/**
 * Takes secrets out of a text and cuts it. `names`: the text is composed around names, as those of
 * tables and indexes, that are long and have digits: what merely looks random stays.
 */
export type Redactor = (text: string, of?: 'prose' | 'names') => string;

/**
 * Makes a redactor that also takes out the `literals`, as they are and URL-encoded. They are looked
 * for in the whole text, and everything is taken out before the text is cut: a cut secret would
 * no longer look like one.
 */
export function createRedactor(literals: readonly string[]): Redactor {
  const spellings = [...new Set(literals.flatMap((text) => [text, urlEncoded(text)]))]
    // The longest first, so that no secret is left in halves by a shorter one inside it.
    .toSorted((a, b) => b.length - a.length);
  return (text, of = 'prose') => {
    let clean = text;
    for (const spelling of spellings) clean = clean.replaceAll(spelling, MARK);
    if (clean.length > LONGEST_INPUT) clean = withoutLastWord(clean.slice(0, LONGEST_INPUT));
    for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
    if (of === 'prose') clean = clean.replace(RANDOM_TEXT, MARK);
    return cut(clean.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim());
  };
}

/** The last word of what was cut may be the beginning of a secret. */
function withoutLastWord(text: string): string {
  // Not a pattern that ends in `$`: it takes 130 ms on 8,192 characters with a space at their end.
  const last = text.split(/\s/).at(-1) ?? '';
  return text.slice(0, text.length - last.length);
}

function urlEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // half a surrogate pair has no encoding
  }
}

function cut(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  // A character cut in half decodes to U+FFFD; the ellipsis takes three bytes.
  const kept = new TextDecoder().decode(bytes.subarray(0, LONGEST_BYTES - 3));
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}
