/** Control characters, line ends and marks of direction, escaped: what is shown was written by others. */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    // By code unit: JSON has no other way to write what is beyond U+FFFF.
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
