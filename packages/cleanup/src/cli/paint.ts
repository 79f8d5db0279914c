import { styleText } from 'node:util';

/** Colours of a line, or of a word in it; none where there is no terminal, or NO_COLOR is set. */
export interface Paint {
  good(text: string): string;
  warning(text: string): string;
  bad(text: string): string;
  strong(text: string): string;
}

export function createPaint(hasColors: boolean): Paint {
  const by =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      hasColors ? styleText(format, text, { validateStream: false }) : text;
  return { good: by('green'), warning: by('yellow'), bad: by('red'), strong: by('bold') };
}
