const HIDDEN = '***';
/** Shorter words are found in ordinary text. */
const SHORTEST = 6;

/** Takes known passwords out of what is printed. */
export interface Secrets {
  /** From now on the password of this connection is a secret, in any spelling. */
  hide(url: string): void;
  hideWord(word: string): void;
  redact(text: string): string;
}

/**
 * A password of fewer than 6 characters, or one that is also the user, the host or the database, is
 * not told from them and stays where a server's message has it; no message of this program has it.
 */
export function createSecrets(): Secrets {
  const secrets = new Set<string>();
  const hideWord = (word: string): void => {
    if (word.length < SHORTEST) return;
    for (const text of [word, decoded(word), encodeURIComponent(word)]) {
      secrets.add(text).add(JSON.stringify(text).slice(1, -1));
    }
  };
  return {
    hideWord,
    hide(url) {
      for (const password of passwordsOf(url)) hideWord(password);
    },
    redact(text) {
      // The longer ones first: one may be a part of another.
      const inOrder = [...secrets].toSorted((a, b) => b.length - a.length);
      return inOrder.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
    },
  };
}

function passwordsOf(text: string): readonly string[] {
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
