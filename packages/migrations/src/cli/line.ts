import { styleText } from 'node:util';
import { printableSource } from '../lint/report/printable.ts';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** A part of a line with a style of its own. */
export interface Styled {
  readonly style: Style;
  readonly text: string;
}

/** A line of output before it has colours: data, so that tests compare words and not escapes. */
export type Line = string | readonly (string | Styled)[];

export function styled(style: Style, text: string): Styled {
  return { style, text };
}

/** How lines become text. */
export interface Rendering {
  readonly colour: boolean;
  /** Takes secrets out. */
  redact(text: string): string;
}

/**
 * The only way from a line to a terminal. Control characters, which may come with the name of a file or
 * a message of the server, become pictures; colours are put in after that.
 */
export function renderLine(line: Line, { colour, redact }: Rendering): string {
  const parts = typeof line === 'string' ? [line] : line;
  const text = parts
    .map((part) => {
      if (typeof part === 'string') return printableSource(redact(part));
      const shown = printableSource(redact(part.text));
      return colour ? styleText(part.style, shown, { validateStream: false }) : shown;
    })
    .join('');
  // CI services take such lines for commands, white space before them aside.
  return /^\s*(?:::|##\[)/.test(text) ? `|${text}` : text;
}

/** Without styles. */
export function plainText(line: Line): string {
  if (typeof line === 'string') return line;
  return line.map((part) => (typeof part === 'string' ? part : part.text)).join('');
}

/** Characters as a person counts them; wide ones count as one. */
export function widthOf(text: string): number {
  return Array.from(text).length;
}

/** At most `width` characters, styles kept. */
export function cutLine(line: Line, width: number): Line {
  let left = width;
  const parts = typeof line === 'string' ? [line] : line;
  return parts.map((part) => {
    const text = typeof part === 'string' ? part : part.text;
    const shown = Array.from(text).slice(0, left).join('');
    left -= widthOf(shown);
    return typeof part === 'string' ? shown : styled(part.style, shown);
  });
}
