/**
 * What a piece of SQL text is, as PostgreSQL's own scanner would cut it with
 * `standard_conforming_strings` on. `meta` is a psql backslash command, up to the end of its line.
 */
type TokenKind =
  | 'space'
  | 'comment'
  | 'word'
  | 'quoted'
  | 'string'
  | 'number'
  | 'operator'
  | 'punctuation'
  | 'meta';

/** Offsets are UTF-16 units into the text, `end` exclusive. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** True when the text ends before the token's closing quote or comment end. */
  readonly isOpen: boolean;
}

const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const META = /\\[^\n\r]*/y;
// Every character above 127 belongs to identifiers, as in PostgreSQL: a no-break space, too.
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
// `1..3` is three tokens, as in a loop of PL/pgSQL.
const NUMBER =
  /0[xX](?:_?[\dA-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*(?:\.(?!\.)(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?|\$\d+/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const COLON = /::|:=|:/y;
// PostgreSQL takes operators of up to 63 signs; two more show a comment that begins after them.
// Without a bound, a long run would be read again for each sign in it.
const OPERATOR = /[~!@#^&|`?+\-*/%<>=]{1,65}/y;
const STRING_START = /(?:[bBxXnN]|[uU]&)?'/y;
const ESCAPE_STRING_START = /[eE]'/y;
const QUOTED_START = /(?:[uU]&)?"/y;

/**
 * Cuts `text` into tokens that lie end to end; joined they are the text again. Never throws, and
 * takes time in proportion to the text.
 */
export function tokenize(text: string): Token[] {
  return [...tokensOf(text)];
}

/**
 * The tokens of {@link tokenize} one by one, for those who need not keep them all.
 *
 * @yields them in their order.
 */
export function* tokensOf(text: string): Generator<Token, void, void> {
  let start = 0;
  while (start < text.length) {
    const { kind, end, isOpen } = scan(text, start);
    yield { kind, text: text.slice(start, end), start, end, isOpen };
    start = end;
  }
}

interface Scanned {
  readonly kind: TokenKind;
  readonly end: number;
  readonly isOpen: boolean;
}

function scan(text: string, at: number): Scanned {
  const closed = (kind: TokenKind, end: number): Scanned => ({ kind, end, isOpen: false });
  let end = match(SPACE, text, at);
  if (end > at) return closed('space', end);
  end = match(LINE_COMMENT, text, at);
  if (end > at) return closed('comment', end);
  if (text.startsWith('/*', at)) return blockComment(text, at);
  end = match(ESCAPE_STRING_START, text, at);
  if (end > at) return escapeString(text, end);
  end = match(STRING_START, text, at);
  if (end > at) return quotedUntil(text, end, "'", 'string');
  end = match(QUOTED_START, text, at);
  if (end > at) return quotedUntil(text, end, '"', 'quoted');
  end = match(DOLLAR, text, at);
  if (end > at) return dollarString(text, at, end);
  end = match(WORD, text, at);
  if (end > at) return closed('word', end);
  end = match(NUMBER, text, at);
  if (end > at) return closed('number', end);
  end = match(COLON, text, at);
  if (end > at) return closed('operator', end);
  end = match(OPERATOR, text, at);
  if (end > at) return closed('operator', at + operatorLength(text.slice(at, end)));
  end = match(META, text, at);
  if (end > at) return closed('meta', end);
  return closed('punctuation', at + 1);
}

/** Where the match at `at` ends, or `at` itself when there is none. */
function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function blockComment(text: string, at: number): Scanned {
  let depth = 0;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at;
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'comment', end: edge.lastIndex, isOpen: false };
  }
  return { kind: 'comment', end: text.length, isOpen: true };
}

function quotedUntil(text: string, from: number, quote: string, kind: TokenKind): Scanned {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return { kind, end: at + 1, isOpen: false };
  }
  return { kind, end: text.length, isOpen: true };
}

function escapeString(text: string, from: number): Scanned {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === "'") {
      if (text[at + 1] === "'") at += 1;
      else {
        // `E'a'` newline `'b\''` is one literal, and its second part has escapes as well.
        const next = continuation(text, at + 1);
        if (next === undefined) return { kind: 'string', end: at + 1, isOpen: false };
        at = next;
      }
    }
  }
  return { kind: 'string', end: text.length, isOpen: true };
}

/** The offset of the quote that continues a string: only space with a line end in it lies between. */
function continuation(text: string, from: number): number | undefined {
  let hasLineEnd = false;
  for (let at = from; at < text.length; ) {
    if (text[at] === "'") return hasLineEnd ? at : undefined;
    const next = Math.max(match(SPACE, text, at), match(LINE_COMMENT, text, at));
    if (next === at) return undefined;
    hasLineEnd ||= /[\n\r]/.test(text.slice(at, next));
    at = next;
  }
  return undefined;
}

function dollarString(text: string, at: number, bodyStart: number): Scanned {
  const tag = text.slice(at, bodyStart);
  const close = text.indexOf(tag, bodyStart);
  return close === -1
    ? { kind: 'string', end: text.length, isOpen: true }
    : { kind: 'string', end: close + tag.length, isOpen: false };
}

/** PostgreSQL's rule: a comment start ends an operator, and `=-` is `=` and `-`, but `@-` is one. */
function operatorLength(run: string): number {
  const comment = run.search(/--|\/\*/);
  let operator = comment > 0 ? run.slice(0, comment) : run;
  if (!/[~!@#^&|`?%]/.test(operator)) operator = operator.replace(/(?<=.)[+-]+$/, '');
  return operator.length;
}
