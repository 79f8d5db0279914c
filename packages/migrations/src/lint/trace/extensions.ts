import type { Statement } from '../../sql/split.ts';
import { isWord } from '../../sql/split.ts';

const CREATE = /\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)/gi;

/**
 * Names in `create extension`, anywhere in the texts. May find too many (in comments), which costs the
 * loading of some hundred kB, but none too few: also those in a `do` block.
 */
export function extensionsNamedIn(texts: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const text of texts) {
    for (const [, name] of text.matchAll(CREATE)) {
      if (name !== undefined) names.add(name.toLowerCase());
    }
  }
  return names;
}

/** The name in a `create extension` statement; undefined for any other statement. */
export function createdExtension({ tokens }: Statement): string | undefined {
  if (!isWord(tokens[0], 'create') || !isWord(tokens[1], 'extension')) return undefined;
  const name = tokens[isWord(tokens[2], 'if') ? 5 : 2]?.text;
  return name?.startsWith('"') === true ? name.slice(1, -1) : name?.toLowerCase();
}
