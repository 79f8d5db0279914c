import { tokenize } from '../sql/lexer.ts';
import type { Statement } from '../sql/split.ts';

/** One `-- ops: allow` or `-- squawk-ignore` comment. */
export interface Suppression {
  /** UTF-16 offsets of the comment. */
  readonly start: number;
  readonly end: number;
  readonly rules: readonly string[];
  /** Empty when none was given. */
  readonly reason: string;
  /** squawk's form has no place for a reason, so none is missing. */
  readonly isForeign: boolean;
  /** Number of the statement that it is for; undefined when it is for the file. */
  readonly statement: number | undefined;
}

const OURS = /^--\s*ops:\s*allow()(?:\s+(.*))?$/;
const SQUAWK = /^--\s*squawk-ignore(-file)?\b[ \t]*(.*)$/;

/**
 * Finds the comments that switch rules off. One is for the statement beneath it, with nothing but
 * other comments and white space between; behind a statement, on the line where that ends, it is for
 * that one; at the head of the file, with an empty line before the first statement, for the whole file.
 */
export function readSuppressions(text: string, statements: readonly Statement[]): Suppression[] {
  if (!/ops:|squawk-ignore/.test(text)) return [];
  const found: Suppression[] = [];
  for (const { kind, text: comment, start, end } of tokenize(text)) {
    if (kind !== 'comment') continue;
    const ours = OURS.exec(comment);
    const match = ours ?? SQUAWK.exec(comment);
    if (match === null) continue;
    const [names = '', ...reason] = (match[2] ?? '').split(/\s+--\s*/);
    found.push({
      start,
      end,
      rules: names.split(/[\s,]+/).filter((name) => name !== ''),
      reason: reason.join(' -- ').trim(),
      isForeign: ours === null,
      statement: match[1] !== '-file' ? statementFor(text, statements, start, end) : undefined,
    });
  }
  return found;
}

/** Undefined at the head of the file, apart from the first statement: for the whole of it. */
function statementFor(
  text: string,
  statements: readonly Statement[],
  start: number,
  end: number,
): number | undefined {
  const at = statements.findIndex((statement) => statement.end > end);
  const count = at === -1 ? statements.length : at;
  const previous = statements[count - 1];
  const isInside = (statements[at]?.start ?? text.length) < start;
  if (previous && !isInside && !text.slice(previous.end, start).includes('\n')) return count;
  const next = statements[at];
  if (next === undefined) return statements.length + 1;
  const isApart = /\n[ \t]*\n/.test(text.slice(end, next.start));
  return at === 0 && isApart ? undefined : at + 1;
}
