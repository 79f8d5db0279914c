import type { Token } from './lexer.ts';

/** White space and comments between the parts of a continued literal. */
const GAP = /(?:[ \t\n\r\f\v]+|--[^\n\r]*)+'/y;
const ESCAPE = /\\(?:u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|x([\dA-Fa-f]{1,2})|([0-7]{1,3})|([\s\S]))/g;
const LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * What a `string` token stands for, as far as that is needed to read code in it: bytes above 127
 * written as `\x` escapes and the escapes of `U&'…'` stay as they are written or come out wrong.
 */
export function literalValue({ text, isOpen }: Token): string {
  const tag = /^\$[^$]*\$/.exec(text)?.[0];
  if (tag !== undefined) return text.slice(tag.length, isOpen ? undefined : -tag.length);
  const start = text.indexOf("'") + 1;
  if (!/^e/i.test(text)) {
    return text.slice(start, isOpen ? undefined : -1).replaceAll("''", "'");
  }
  return escapeLiteralText(text).replaceAll(ESCAPE, unescape);
}

/**
 * What stands between the quotes of an `E'…'` literal, its parts joined (`E'a'` newline `'b'`), doubled
 * quotes as `\\'` and other escapes untouched.
 */
export function escapeLiteralText(text: string): string {
  const start = text.indexOf("'") + 1;
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '\\') {
      value += text.slice(at, at + 2);
      at += 1;
    } else if (sign !== "'") {
      value += sign;
    } else if (text[at + 1] === "'") {
      // As an escape, so that `\''` is not taken for one.
      value += "\\'";
      at += 1;
    } else {
      GAP.lastIndex = at + 1;
      if (!GAP.test(text)) break;
      at = GAP.lastIndex - 1;
    }
  }
  return value;
}

function unescape(
  _escape: string,
  short?: string,
  long?: string,
  hex?: string,
  octal?: string,
  letter = '',
): string {
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const digits = short ?? long ?? hex;
  if (digits === undefined) return LETTERS[letter] ?? letter;
  const point = Number.parseInt(digits, 16);
  return point > 0x10_ffff ? '' : String.fromCodePoint(point);
}
