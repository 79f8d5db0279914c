/** One word of a message, and what stands around it. */
export interface Word {
  readonly text: string;
  /** Punctuation and blanks between the word before and this one. */
  readonly before: string;
}

/** Looking further tells no more kinds apart, and what comes then is mostly data. */
const MAX_LENGTH = 1_000;
const MAX_WORDS = 100;

/**
 * A URL, a quotation mark, a word, or what separates words. Each character is looked at by each
 * alternative a bounded number of times: the scheme has at most 20 characters.
 */
const TOKEN =
  /([a-zA-Z][a-zA-Z\d+.-]{0,20}:\/\/[^\s"'`<>]*)|(["'`“‘«])|([^\s,;()[\]{}<>|"'`“”‘’«»=]+)|[\s,;()[\]{}<>|”’»=]+/g;

const CLOSING: Readonly<Record<string, string>> = { '“': '”', '‘': '’', '«': '»' };

/** Before a quoted name of something in the code or the schema: another name is another fault. */
const NAMING =
  /^(?:attribute|call|class|column|constant|constraint|database|enum|event|export|field|function|import|index|method|module|named|operator|option|package|parameter|policy|procedure|propert(?:y|ies)|reading|relation|schema|setting|table|trigger|type|variable|view)$/;
/** Before quoted text that says what happened. */
const TELLING =
  /^(?:cause|code|description|detail|err|error|exception|kind|level|message|method|msg|outcome|reason|severity|state|status|statuscode|text|title|type)$/;
const WORD_CHARACTER = /[a-z\d]|[^\p{ASCII}\p{P}\p{S}\p{C}\p{Z}]/iu;
const IDENTIFIER = /^[\p{L}_$][\p{L}_$.]{0,60}$/u;

/** The words of a message; a quoted value is one word, `*`. */
export function wordsOf(message: string): readonly Word[] {
  const words: Word[] = [];
  collect(message.slice(0, MAX_LENGTH), words, '');
  return words;
}

/** @returns the separators after the last word. */
function collect(text: string, words: Word[], firstBefore: string): string {
  let before = firstBefore;
  // Looked for once: 1,000 opening marks that nothing closes would take milliseconds.
  const unclosed = new Set<string>();
  // Where to go on is set by hand: quoted text is read by a call within this one.
  for (let at = 0; at < text.length && words.length < MAX_WORDS; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) break;
    const [token, url, quote, word] = match;
    at = TOKEN.lastIndex;
    if (url !== undefined) {
      words.push({ text: '*', before });
      before = '';
    } else if (word !== undefined) {
      before = addWord(word, words, before);
    } else if (quote === undefined) {
      before += token;
    } else {
      const end = closingOf(text, match.index, quote, unclosed);
      if (end === undefined) continue;
      before = addQuoted(text.slice(at, end), text.slice(end + 1, end + 20), words, before);
      at = end + 1;
    }
  }
  return before;
}

/**
 * Undefined where the mark opens nothing, as in `can't`.
 *
 * @param unclosed marks that nothing closes from an earlier place on, so neither from here; added to.
 */
function closingOf(
  text: string,
  at: number,
  quote: string,
  unclosed: Set<string>,
): number | undefined {
  if (quote === "'" && /[\p{L}\d]/u.test(text[at - 1] ?? ' ')) return undefined;
  if (unclosed.has(quote)) return undefined;
  const end = text.indexOf(CLOSING[quote] ?? quote, at + 1);
  if (end >= 0) return end;
  unclosed.add(quote);
  return undefined;
}

/** Ends of sentences and colons part words; inside, a colon does too: `user:7`, `10.0.0.1:5432`. */
function addWord(token: string, words: Word[], firstBefore: string): string {
  let before = firstBefore;
  let end = token.length;
  while (end > 0 && '.:!?…'.includes(token[end - 1] as string)) end -= 1;
  const whole = end === token.length ? token : token.slice(0, end);
  const isWhole = !whole.includes(':') || /^[a-z]:[\\/]/i.test(whole);
  for (const text of isWhole ? [whole] : whole.split(/(:)/)) {
    if (WORD_CHARACTER.test(text)) {
      words.push({ text, before });
      before = '';
    } else before += text;
  }
  return before + token.slice(end);
}

function addQuoted(content: string, after: string, words: Word[], before: string): string {
  const isKey = /^\s{0,3}:/.test(after);
  const last = words.at(-1)?.text.toLowerCase() ?? '';
  const isName = NAMING.test(last) || /^\s(?:is|was)\snot\s(?:an?|defined)\b/.test(after);
  if (TELLING.test(last) || content.includes(' HTTP/')) return collect(content, words, before);
  const text = (isKey || isName) && IDENTIFIER.test(content) ? content : '*';
  words.push({ text, before });
  return '';
}
