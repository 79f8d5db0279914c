/** A place in a file as a person counts it: from 1, columns in characters (not bytes). */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Characters of a line shown to each side of the caret. */
const EXCERPT_REACH = 70;

/** Line and column of a UTF-16 offset. A line ends with `\n`, `\r\n` or `\r`. */
export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: countCharacters(before.at(-1) ?? '') + 1 };
}

/** The UTF-16 offset of the n-th character (from 1), which is how PostgreSQL counts. */
export function offsetOfCharacter(text: string, character: number): number {
  let offset = 0;
  for (let passed = 1; passed < character && offset < text.length; passed += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

/** Code points, as PostgreSQL counts in UTF-8. */
function countCharacters(text: string): number {
  return text.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, '_').length;
}

/** The line at `offset`, cut to its surroundings when it is long, with a caret beneath. */
export function excerptAt(text: string, offset: number): string {
  const above = text.slice(0, offset);
  const lineStart = Math.max(above.lastIndexOf('\n'), above.lastIndexOf('\r')) + 1;
  const rest = text.slice(offset, offset + EXCERPT_REACH);
  const lineEnd = rest.search(/[\n\r]/);
  let start = Math.max(lineStart, offset - EXCERPT_REACH);
  if (/[\udc00-\udfff]/.test(text[start] ?? '')) start += 1;
  const before = printable(text.slice(start, offset));
  const after = printable(lineEnd === -1 ? rest.toWellFormed() : rest.slice(0, lineEnd));
  const gutter = String(positionOf(text, offset).line);
  // Tabs stay tabs, so that the caret stands under its character at any tab width.
  const indent = before.replaceAll(/[^\t]/gu, ' ');
  return `  ${gutter} | ${before}${after}\n  ${' '.repeat(gutter.length)} | ${indent}^`;
}

/** Without what would move a terminal's cursor or change its colours. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t]/gu, ' ');
}
