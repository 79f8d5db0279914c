/**
 * Characters that would act on a terminal, a log or a reader instead of being shown: controls,
 * Unicode's line ends, and the marks that turn the direction of writing (which can make source read
 * otherwise than it runs).
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ACTIVE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** On one line, with nothing in it that acts. One character stays one character. */
export function printableLine(text: string): string {
  return text.toWellFormed().replaceAll(ACTIVE, picture);
}

/** As {@link printableLine}, but tabs stay: for lines of source, where a caret stands beneath. */
export function printableSource(line: string): string {
  return line.split('\t').map(printableLine).join('\t');
}

/** As {@link printableSource}, but line ends stay as well. CRLF becomes LF. */
export function printableText(text: string): string {
  return text.split(/\r?\n/).map(printableSource).join('\n');
}

/** `\x1b` becomes `␛`. What has no picture becomes the replacement character. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}
