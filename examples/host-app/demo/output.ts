const isTerminal = process.stdout.isTTY;
const bold = (text: string): string => (isTerminal ? `\u001b[1m${text}\u001b[22m` : text);

/** Prints one line of a step's account. */
export function say(text: string): void {
  console.log(`   ${text}`);
}

/** Prints the heading of a step. */
export function heading(text: string): void {
  console.log(`\n${bold(text)}`);
}

/** Prints rows in columns; numbers go to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? count(cell) : cell)),
  );
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  for (const [index, row] of cells.entries()) {
    const line = row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ');
    say(index === 0 ? bold(line.trimEnd()) : line.trimEnd());
  }
}

/** 1234567 → 1,234,567; fractions keep two digits. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

export function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/**
 * A bar that fills: redrawn in place on a terminal, elsewhere a line at each quarter once the work
 * has lasted two seconds.
 */
export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

const BAR_WIDTH = 28;
const SHORT_MS = 2_000;

export function progress(label: string, unit: string): Progress {
  const begun = performance.now();
  let quarter = 0;
  return {
    update(done, total) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      const line = `   ${label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${count(done)} ${unit}`;
      if (isTerminal) process.stdout.write(`\r\u001b[2K${line}`);
      else if (Math.floor(share * 4) > quarter && performance.now() - begun > SHORT_MS) {
        quarter = Math.floor(share * 4);
        console.log(line);
      }
    },
    end() {
      if (isTerminal) process.stdout.write('\r\u001b[2K');
    },
  };
}
