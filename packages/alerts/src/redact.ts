/**
 * Every pattern is linear, or has a small bound on what it repeats: the text may be chosen by an
 * attacker. Longest first where one could eat a part of another.
 */
const SECRETS: readonly (readonly [RegExp, string | ((match: string) => string)])[] = [
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*/g, '[private key]'],
  // Credentials, tokens in paths (every chat webhook) and in queries: only the host is kept, and
  // not even that next to credentials, since a password may itself contain / or @.
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>`]+/gi, redactUrl],
  [/\b((?:set-)?cookie|authorization)(["']?\s{0,3}[:=]\s{0,3})[^\r\n]+/gi, '$1$2[redacted]'],
  [/\b(bearer|basic)\s{1,3}[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
  // Quotes may be escaped: JSON within JSON is how many an error quotes an answer.
  [
    /(passw(?:or)?d|(?<![a-z])pass(?![a-z])|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|session|signature)([\w-]{0,20}\\{0,7}["']?\s{0,3}[:=]\s{0,3})("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\{1,7}["'][^"']*["']?|[^\s,;&}]+)/gis,
    '$1$2[redacted]',
  ],
  [
    /\b(?:[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|npm_|xox[abeprs]-|xapp-|whsec_|SG\.|AKIA|ASIA|eyJ)[\w.+/=-]{6,}/g,
    '[redacted]',
  ],
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/g, '[email]'],
  [/[\w+/=-]{24,}/g, (match) => (/\d/.test(match) && /[a-z]/i.test(match) ? '[redacted]' : match)],
];

const VARIABLE_PARTS: readonly RegExp[] = [
  // UUIDs, points in time, hexadecimal numbers.
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi,
  /\b\d{4}-\d\d-\d\d(?:[T ][\d:.]{4,15}(?:Z|[+-]\d\d:?\d\d)?)?/g,
  /(?<![a-z\d])(?:0x)?(?=[a-f]*\d)[\da-f]{6,}(?![a-z\d])/gi,
  // The second part of cus_9f3kXw2P: at least two digits among eight characters.
  /(?<![a-z\d])(?=[a-z]*\d[a-z]*\d)[a-z\d]{8,}(?![a-z\d])/gi,
  // Numbers, addresses of IPv4 included, but not the 2 of OAuth2.
  /(?<![a-z\d])\d+(?:[.,:]\d+)*/gi,
];

/** Line breaks forge lines in a log, invisible characters and turned text forge words. */
const INVISIBLE = /[\p{Cc}\p{Cf}\s]+/gu;

/** Takes out what looks like a secret, or names a person. */
export function redactSecrets(text: string): string {
  let redacted = text;
  for (const [pattern, by] of SECRETS) {
    redacted =
      typeof by === 'string' ? redacted.replace(pattern, by) : redacted.replace(pattern, by);
  }
  return redacted;
}

/**
 * One line without secrets, ids and numbers as `#`, so that messages of one kind are the same.
 * Stateless: every process makes the same of it.
 */
export function normalise(text: string, maxLength: number): string {
  // UUIDs first: they would pass for secrets.
  const [uuid, ...others] = VARIABLE_PARTS as [RegExp, ...RegExp[]];
  let normal = redactSecrets(text.replace(uuid, '#'));
  for (const pattern of others) normal = normal.replace(pattern, '#');
  normal = normal.replace(INVISIBLE, ' ').trim();
  if (normal.length <= maxLength) return normal;
  // Not through the middle of a character that takes two code units.
  return `${normal.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function redactUrl(url: string): string {
  const [, scheme = '', host = '', rest = ''] = /^([^:]+):\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (url.includes('@')) return `${scheme}://[redacted]`;
  return `${scheme}://${host}${rest === '' || rest === '/' ? '' : '/…'}`;
}
