/**
 * A text as SQL line comments, one for each of its lines. What ends a line, moves the cursor or turns
 * the direction of writing is made visible: the name of a file must not become a statement, nor look
 * like something else to who reads the script.
 */
export function commentOf(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      `-- ${line.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeCharacter)}`.trimEnd(),
    )
    .join('\n');
}

/** For a name in a comment: all on one line. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}
