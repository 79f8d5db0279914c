const HIDDEN = '***';
/** Shorter words are found in ordinary text. */
const SHORTEST = 6;

/** Takes passwords out of what is printed. */
export type Redact = (text: string) => string;

/**
 * Knows the passwords of PGPASSWORD and of every variable that holds a database's URL, in any
 * spelling, and the look of a URL with a password. One of fewer than 6 characters, or one that is
 * also the user, host or database, is not told from them outside of a URL.
 */
export function createRedact(env: Readonly<Record<string, string | undefined>>): Redact {
  const secrets = new Set<string>();
  const words = [env['PGPASSWORD'] ?? '', ...Object.values(env).flatMap(passwordsOf)];
  for (const word of words.filter(({ length }) => length >= SHORTEST)) {
    for (const text of [word, decoded(word), encodeURIComponent(word)]) {
      secrets.add(text).add(JSON.stringify(text).slice(1, -1));
    }
  }
  // The longer ones first: one may be a part of another.
  const inOrder = [...secrets].toSorted((a, b) => b.length - a.length);
  return (text) =>
    inOrder
      .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text)
      // Up to the last @: a password that was not escaped may have one.
      .replaceAll(/(postgres(?:ql)?:\/\/[^\s:/@"']{0,100}:)[^\s"']{1,200}@/g, `$1${HIDDEN}@`);
}

function passwordsOf(text: string | undefined): readonly string[] {
  if (text === undefined || !/^postgres(?:ql)?:\/\//.test(text)) return [];
  const url = URL.parse(text);
  if (url === null) return [text];
  const known = [url.username, url.hostname, url.pathname.slice(1)];
  const passwords = [url.password, url.searchParams.get('password') ?? ''];
  return passwords.filter((password) => !known.includes(password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % stands for itself
  }
}
