/** Comparing takes time and memory in proportion to the product of both: 8 MiB at this size. */
const MOST_LINES = 2_000;
const CONTEXT_LINES = 3;

/** A line that stays (` `), goes (`-`) or comes (`+`). */
interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * A unified diff, without the two lines that name the files. Empty when the texts are the same;
 * undefined when one of them has more than 2,000 lines.
 */
export function unifiedDiff(before: string, after: string): string | undefined {
  const [left, right] = [linesOf(before), linesOf(after)];
  if (left.length > MOST_LINES || right.length > MOST_LINES) return undefined;
  return hunksOf(compareLines(left, right)).join('');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Along a longest common subsequence; what goes comes before what takes its place. */
function compareLines(left: readonly string[], right: readonly string[]): Line[] {
  const width = right.length + 1;
  // [i, j] is the length for what follows line i on the left and line j on the right.
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] =
        left[i] === right[j]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const at = i * width + j;
    if (i < left.length && left[i] === right[j]) {
      lines.push({ sign: ' ', text: left[i] ?? '' });
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && isLeftFirst(lengths, at, width))) {
      lines.push({ sign: '-', text: left[i] ?? '' });
      i += 1;
    } else {
      lines.push({ sign: '+', text: right[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}

function isLeftFirst(lengths: Uint16Array, at: number, width: number): boolean {
  return (lengths[at + width] ?? 0) >= (lengths[at + 1] ?? 0);
}

/** Changes with the lines around them; those that are close are one hunk. */
function hunksOf(lines: readonly Line[]): string[] {
  const hunks: string[] = [];
  let start: number | undefined;
  let lastChange = 0;
  for (const [at, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    if (start !== undefined && at - lastChange > 2 * CONTEXT_LINES) {
      hunks.push(hunkOf(lines, start, lastChange + CONTEXT_LINES + 1));
      start = undefined;
    }
    start ??= Math.max(0, at - CONTEXT_LINES);
    lastChange = at;
  }
  if (start !== undefined) hunks.push(hunkOf(lines, start, lastChange + CONTEXT_LINES + 1));
  return hunks;
}

function hunkOf(all: readonly Line[], start: number, end: number): string {
  const range = (sign: '-' | '+'): string => {
    const count = (some: readonly Line[]): number =>
      some.filter((line) => line.sign === ' ' || line.sign === sign).length;
    const [before, inside] = [count(all.slice(0, start)), count(all.slice(start, end))];
    // An empty range is named by the line before it.
    return `${sign}${inside === 0 ? before : before + 1},${inside}`;
  };
  const lines = all.slice(start, end).map(({ sign, text }) => `${sign}${text}\n`);
  return `@@ ${range('-')} ${range('+')} @@\n${lines.join('')}`;
}
