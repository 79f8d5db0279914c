import type { Position } from '../sql/position.ts';

/** Converts between the ways in which places in one text are counted. */
export interface TextMap {
  /** UTF-16 offset of a UTF-8 byte offset, which is how the parse tree counts. */
  fromByte(byte: number): number;
  /** UTF-16 offset of a character offset from 0, which is how the parser's errors count. */
  fromCharacter(character: number): number;
  /** Line and column of a UTF-16 offset. */
  positionOf(offset: number): Position;
  /** The lines from one to the other, at most `limit`. */
  lines(first: number, last: number, limit: number): string[];
}

/**
 * One pass over the text, then a lookup a question: a file has many statements, and a statement many
 * places.
 */
export function createTextMap(text: string): TextMap {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineAt = (offset: number): number => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  // eslint-disable-next-line no-control-regex -- the whole of ASCII is meant
  const { bytes, characters } = /^[\0-\x7f]*$/.test(text) ? NONE : offsetsOf(text);
  const clamp = (offset: number): number => Math.min(Math.max(0, offset), text.length);
  return {
    fromByte: (byte) => (bytes ? (bytes[byte] ?? text.length) : clamp(byte)),
    fromCharacter: (at) => (characters ? (characters[at] ?? text.length) : clamp(at)),
    positionOf(offset) {
      const line = lineAt(clamp(offset));
      const before = text.slice(starts[line], clamp(offset));
      const pairs = bytes ? (before.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0) : 0;
      return { line: line + 1, column: before.length - pairs + 1 };
    },
    lines: (first, last, limit) =>
      starts
        .slice(first - 1, Math.min(last, first + limit - 1))
        .map((start) => text.slice(start, lineEnd(text, start))),
  };
}

const NONE = { bytes: undefined, characters: undefined };

/** The UTF-16 offset of every byte and of every character. */
function offsetsOf(text: string): { bytes: Uint32Array; characters: Uint32Array } {
  const bytes = new Uint32Array(Buffer.byteLength(text) + 1);
  const characters = new Uint32Array(text.length + 1);
  let [byte, character] = [0, 0];
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0;
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    bytes.fill(at, byte, byte + length);
    characters[character] = at;
    byte += length;
    character += 1;
    at += code > 0xffff ? 2 : 1;
  }
  bytes[byte] = text.length;
  characters[character] = text.length;
  return { bytes, characters: characters.subarray(0, character + 1) };
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}
