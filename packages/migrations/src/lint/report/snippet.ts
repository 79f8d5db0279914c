import { printableSource } from './printable.ts';

/** Lines of a file, and the part of them that is meant. Lines and columns as in a finding. */
export interface Snippet {
  /** The first of them is `line`. */
  readonly lines: readonly string[];
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One line of an excerpt: what to mark is kept apart from the text, so that it can be coloured. */
export interface SnippetLine {
  /** Line number, right-aligned, and a bar. For a line of marks, the bar alone. */
  readonly gutter: string;
  readonly text: string;
  readonly isMark: boolean;
}

/** Characters shown to each side of the place. */
const REACH = 80;
/** Takes two cells of a terminal. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;
/** Takes none. */
const NARROW = /[\p{Mn}\p{Me}\u200b-\u200d]/u;

/** The lines with their numbers; beneath the first of them, `^` under the part that is meant. */
export function snippetLines({ lines, line, column, endLine, endColumn }: Snippet): SnippetLine[] {
  const width = String(line + Math.max(0, lines.length - 1)).length;
  return lines.flatMap((text, at): SnippetLine[] => {
    const characters = Array.from(text);
    const from = at === 0 ? Math.max(0, column - 1 - REACH) : 0;
    const reached = at === 0 ? column - 1 + REACH : 2 * REACH;
    const shown = characters.slice(from, reached);
    const lead = from > 0 ? '…' : '';
    const trail = reached < characters.length ? '…' : '';
    const source: SnippetLine = {
      gutter: `${String(line + at).padStart(width)} |`,
      text: printableSource(lead + shown.join('') + trail),
      isMark: false,
    };
    if (at > 0) return [source];
    const last = endLine > line ? characters.length + 1 : endColumn;
    const before = characters.slice(from, column - 1);
    const marked = characters.slice(column - 1, Math.min(last - 1, reached));
    const marks = indentLike(lead, before) + '^'.repeat(Math.max(1, cells(marked)));
    return [source, { gutter: `${' '.repeat(width)} |`, text: marks, isMark: true }];
  });
}

/** Tabs stay tabs, so that the mark stands under its character at any tab width. */
function indentLike(lead: string, characters: readonly string[]): string {
  const parts = characters.map((each) => (each === '\t' ? '\t' : ' '.repeat(cellsOf(each))));
  return ' '.repeat(lead.length) + parts.join('');
}

function cells(characters: readonly string[]): number {
  return characters.reduce((sum, each) => sum + cellsOf(each), 0);
}

/** Columns are counted in characters, but a terminal shows some of them wide and some not at all. */
function cellsOf(character: string): number {
  if (character < '\x7f') return 1;
  return NARROW.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}
