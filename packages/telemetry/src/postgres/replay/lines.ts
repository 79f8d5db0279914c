/** One line of a stream, or one record that came as an object. `line` counts from 1. */
export type Line =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly value: object }
  | { readonly line: number; readonly problem: string };

const NEWLINE = 0x0a;

/** What {@link readLines} reads: NDJSON in pieces cut anywhere, or objects. */
export type LineSource = AsyncIterable<string | Uint8Array | object>;

/**
 * The lines of a stream that are not blank. A line longer than `maxBytes` is a problem of its own and is
 * not kept; so is one that is no UTF-8. Both `\n` and `\r\n` end a line, and a byte order mark in
 * front is skipped. Of text and bytes at most one line is held.
 *
 * @yields each line, in order
 */
export async function* readLines(
  source: LineSource,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  const splitter = createSplitter(maxBytes);
  let half = '';
  for await (const piece of source) {
    if (typeof piece === 'string') {
      // A pair of surrogates may be cut in two; alone, each half would become U+FFFD.
      const text = half + piece;
      half = /[\uD800-\uDBFF]$/.test(text) ? text.slice(-1) : '';
      yield* splitter.push(Buffer.from(half === '' ? text : text.slice(0, -1)));
    } else if (piece instanceof Uint8Array) yield* splitter.push(piece);
    else yield splitter.record(piece);
  }
  yield* splitter.push(Buffer.from(half));
  yield* splitter.end();
}

interface Splitter {
  push(bytes: Uint8Array): Iterable<Line>;
  record(value: object): Line;
  end(): Iterable<Line>;
}

function createSplitter(maxBytes: number): Splitter {
  let line = 0;
  let parts: Uint8Array[] = [];
  let length = 0;

  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length <= maxBytes && part.length > 0) parts.push(part);
    else if (length > maxBytes) parts = [];
  };
  const take = (): Line | undefined => {
    line += 1;
    const bytes = Buffer.concat(parts);
    const isTooLong = length > maxBytes;
    parts = [];
    length = 0;
    if (isTooLong) return { line, problem: `longer than ${maxBytes} bytes` };
    return decode(line, bytes);
  };

  return {
    *push(bytes) {
      let start = 0;
      for (;;) {
        const end = bytes.indexOf(NEWLINE, start);
        if (end === -1) break;
        keep(bytes.subarray(start, end));
        const taken = take();
        if (taken !== undefined) yield taken;
        start = end + 1;
      }
      // A copy: the source may fill its buffer anew.
      keep(Uint8Array.prototype.slice.call(bytes, start));
    },
    record(value) {
      line += 1;
      return { line, value };
    },
    *end() {
      if (length === 0) return;
      const taken = take();
      if (taken !== undefined) yield taken;
    },
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined when the line is blank. */
function decode(line: number, bytes: Uint8Array): Line | undefined {
  try {
    const text = UTF8.decode(bytes).trim();
    return text === '' ? undefined : { line, text };
  } catch {
    return { line, problem: 'not UTF-8' };
  }
}
