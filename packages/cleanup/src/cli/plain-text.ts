/**
 * Control characters, line ends and marks of direction as `\u001b`: names and messages come from a
 * database, and must not act on a terminal or a log. In a JSON text this is also how JSON writes them.
 */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    // By code unit: JSON has no other way to write what is beyond U+FFFF.
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
