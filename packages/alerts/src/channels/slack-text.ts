import { oneLine } from './plain-text.ts';

/** Escaped; a section has room for little more than five of them. */
const MAX_LINK_LENGTH = 500;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * What Slack's markup makes of a text, at most `maxLength` characters when escaped. Without `<` no
 * `<!channel>`, user or link can be in it. `@channel` and the like are no mention by themselves (all
 * our texts are `verbatim`), yet get a zero-width space, for clients that parse old messages anew.
 * Backquotes would end the block of code that samples stand in.
 */
export function slackText(text: string, maxLength: number): string {
  const line = oneLine(text, 4_000)
    .replace(/`/g, 'ˋ')
    .replace(/@(?=(?:channel|here|everyone|group)\b)/gi, '@\u200b');
  let escaped = '';
  for (const character of line) {
    const next = ESCAPES[character] ?? character;
    if (escaped.length + next.length >= maxLength) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}

/** For plain-text objects, where it is not documented whether `&lt;` is read back as `<`. */
export function slackPlainText(text: string, maxLength: number): string {
  const harmless = text.replace(/&/g, '＆').replace(/</g, '‹').replace(/>/g, '›');
  return slackText(harmless, maxLength);
}

/** Bold; a star in it would end it. */
export function bold(text: string, maxLength: number): string {
  return `*${slackText(text.replace(/\*/g, '∗'), maxLength - 2)}*`;
}

/** A link to an address checked by `linkOf`; undefined without one, or when it is very long. */
export function slackLink(url: string | undefined, label: string): string | undefined {
  const escaped = url?.replace(/&/g, '&amp;');
  if (escaped === undefined || escaped.length > MAX_LINK_LENGTH) return undefined;
  return `<${escaped}|${slackText(label, 100)}>`;
}
