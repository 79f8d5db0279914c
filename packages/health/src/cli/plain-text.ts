/**
 * Control characters, line ends and marks of direction as `\u001b`: they come from a server, and must
 * not act on a terminal or a log. In a JSON text this is also how JSON writes them.
 */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    // Unit by unit: JSON knows no escape for a character beyond U+FFFF.
    found.split('').map(escaped).join(''),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
