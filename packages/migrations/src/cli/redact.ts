const HIDDEN = '***';
/** Shorter words are found in ordinary text; of those only the place in a URL is hidden. */
const SHORTEST = 6;
/** From the colon after the user to the last `@`: a password may hold a `/` or `@` that is not escaped. */
const IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*:)[^\s]*@/gi;
const IN_PARAMETER = /([?&](?:password|sslpassword)=)[^\s&#]*/gi;

/** Takes secrets out of everything that is printed. */
export interface Redactor {
  redact(text: string): string;
  /** From now on the password of this connection is a secret, too. Text that is no URL is one as a whole. */
  hide(url: string): void;
  hideWord(word: string): void;
}

/**
 * Hides passwords in any URL, and the known passwords wherever they stand. A password that is also the
 * user, the host or the database is not told from them, and is hidden in URLs only; so is one of
 * fewer than 6 characters.
 */
export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  const hideWord = (word: string): void => {
    if (word.length >= SHORTEST) secrets.add(word);
  };
  return {
    hideWord,
    hide(url) {
      for (const secret of secretsOf(url)) hideWord(secret);
    },
    redact(text) {
      const shown = text.replaceAll(IN_URL, `$1${HIDDEN}@`).replaceAll(IN_PARAMETER, `$1${HIDDEN}`);
      // The longer ones first: one may be a part of another.
      const inOrder = [...secrets].toSorted((a, b) => b.length - a.length);
      return inOrder.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), shown);
    },
  };
}

function secretsOf(text: string): string[] {
  if (!URL.canParse(text)) return [text];
  const url = new URL(text);
  const passwords = [url.password, url.searchParams.get('password') ?? ''];
  const known = new Set([url.username, url.hostname, url.pathname.slice(1)]);
  return passwords
    .flatMap((password) => [password, decoded(password), encodeURIComponent(password)])
    .filter((password) => !known.has(password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % stands for itself
  }
}
